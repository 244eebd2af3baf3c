import { decideRestricted, type RestrictedFate } from '../../../actions/incidents/walkthrough/decide.js';
import { line } from '../../../render/terminal-text.js';
import { askReason, requireReason } from '../../ask-reason.js';
import { askConsent } from '../../consent.js';
import { type AskStep, askWhich, missing, requireYes } from './asked.js';

/** How it goes on; a reason belongs to it, and revoking asks for the key's own letters. */
export const askDecide: AskStep = async (asked) => {
  const { rt, flags, walk } = asked;
  requireYes(asked);
  if (flags.decision === undefined)
    missing(
      rt,
      '--decision',
      'revoke, keep or lift?',
      '--decision keep --reason "agreed with finance, OPS-12"',
    );
  requireReason(rt, flags.reason);
  const fate: RestrictedFate | 'skip' | 'leave' =
    flags.decision ??
    (await askWhich(rt, line`How does it go on?`, [
      {
        value: 'keep' as const,
        name: line`it stays restricted`,
        description: line`closing it then takes a reason`,
      },
      { value: 'revoke' as const, name: line`revoke`, description: line`at once and for good` },
      {
        value: 'lift' as const,
        name: line`lift the suspension`,
        description: line`limits stay until keys update`,
      },
    ]));
  if (fate === 'skip' || fate === 'leave') return fate;
  if (fate === 'revoke' && rt.canAsk && flags.yes !== true) {
    const keyIds = walk.detail.keys.flatMap(({ key_id, dead_since, status }) =>
      dead_since === null || status === 'suspended' ? [key_id] : [],
    );
    await askConsent(rt, {
      about: line``,
      warning: line`This cannot be undone.`,
      verb: line`revoke`,
      keyIds,
    });
  }
  const reason = await askReason(rt, flags.reason);
  return (inside, now) => decideRestricted(inside, now, { fate, reason });
};
