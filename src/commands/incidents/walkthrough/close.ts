import { close } from '../../../actions/incidents/walkthrough/close.js';
import { parseReason } from '../../../domain/reason.js';
import { blockerText } from '../../../render/incidents/incident-words.js';
import { clean, joinLines, line } from '../../../render/terminal-text.js';
import { askValue } from '../../ask-value.js';
import { type AskStep, askWhich, requireYes } from './asked.js';

/** Closing asks once; when something is left, it takes a reason to close it all the same. */
export const askClose: AskStep = async (asked) => {
  const { rt, flags, walk } = asked;
  requireYes(asked);
  const { incident_id: id } = walk.row;
  const given = flags.override ?? null;
  if (!rt.canAsk || flags.yes === true) return (inside) => close(inside, id, given);
  const { blockers } = walk.detail;
  if (blockers.length === 0 || given !== null) {
    const which = await askWhich(rt, line`Close ${clean(id)}?`, [
      {
        value: 'close' as const,
        name: line`close it`,
        description: line`it opens again by itself when a dead key is let in`,
      },
    ]);
    return which === 'close' ? (inside) => close(inside, id, given) : which;
  }
  rt.warn(joinLines([line`Left:`, ...blockers.slice(0, 10).map((each) => line`  ${blockerText(each)}`)]));
  const which = await askWhich(rt, line`Something is left.`, [
    {
      value: 'override' as const,
      name: line`close it all the same`,
      description: line`asks why; kept in the audit log`,
    },
  ]);
  if (which !== 'override') return which;
  const override = await askValue(rt, undefined, {
    flag: '--override',
    example: '"the key stays restricted to 10 requests a minute, OPS-12"',
    question: line`Why all the same:`,
    parse: (text) => parseReason('--override', text),
  });
  return (inside) => close(inside, id, override);
};
