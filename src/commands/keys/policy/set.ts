import type { Command } from 'commander';
import type { PolicySettings } from '../../../db/kernel-policy.js';
import { parseDuration, parseDurationOrZero } from '../../../domain/duration.js';
import { usageError } from '../../../domain/errors.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { askReason, reasonFlag, requireReason } from '../../ask-reason.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../../new-command.js';

/** `none`: nothing is asked. Commander turns a null of a parser into an empty text. */
const none: unique symbol = Symbol('none');
type Span = number | typeof none;

interface SetFlags extends ChangeFlags {
  readonly environment?: boolean;
  readonly rotateEvery?: Span;
  readonly grace?: Span;
  readonly keepPrevious?: boolean;
  readonly reviewEvery?: Span;
  readonly expiresWithin?: Span;
  readonly reason?: string;
}

const example =
  'keyctl keys policy set high --rotate-every 30d --grace 24h --reason "SEC-77: quarterly audit"';
const nameForm = /^[a-z0-9][a-z0-9_.-]{0,62}$/;
const hour = 3600;

export function policySetCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'set')
    .summary('set what a policy or an environment asks of its keys')
    .description(
      'Set what a policy or an environment asks of its keys. What is not given stays; "none" asks nothing. A new name becomes a ' +
        'policy. It holds at once for every key that follows it, but shortens no expiry. Needs keyctl_admin.',
    )
    .argument('<name>', 'high, standard, limited, production, …, or a new one', parseName)
    .option('--environment', 'the name of an environment: production, staging, development')
    .option('--rotate-every <duration>', 'a key this old is due for rotation', spanOf('--rotate-every', hour))
    .option('--grace <duration>', 'how long the old key works beside its successor; 0: not at all', graceOf)
    .option('--keep-previous', 'the old key works until the next rotation')
    .option('--no-keep-previous', 'it ends with its grace period')
    .option(
      '--review-every <duration>',
      'its access is reviewed this often',
      spanOf('--review-every', 24 * hour),
    )
    .option('--expires-within <duration>', 'no key gets a longer life', spanOf('--expires-within', hour))
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag);
  addChangeFlags(command);
  return command.action(async (name: string, flags: SetFlags) => {
    const settings = settingsOf(flags);
    if (Object.keys(settings).length === 0) throw usageError('SETTING', 'what is it to ask?', example);
    const wanted = {
      name,
      appliesTo: flags.environment === true ? ('environment' as const) : null,
      settings,
    };
    const { knownPolicy, setPolicy } = await import('../../../actions/set-policy.js');
    const { policyChange, policyPlan } = await import('../../../render/policy-change.js');
    if (flags.dryRun === true) {
      const known = await rt.withContext({}, (ctx) => knownPolicy(ctx, name));
      return await rt.print(policyPlan, { wanted, known });
    }
    requireReason(rt, flags.reason);
    const reason = await askReason(rt, flags.reason);
    await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
      await rt.print(policyChange, await setPolicy(ctx, { ...wanted, reason }));
    });
  });
}

function parseName(text: string): string {
  if (!nameForm.test(text) || text === 'none') {
    throw usageError('NAME', 'a-z, 0-9, _, . and -, at most 63 characters, not "none"', example);
  }
  return text;
}

function spanOf(flag: string, least: number): (text: string) => Span {
  return (text) => {
    if (text === 'none') return none;
    const seconds = parseDuration(flag, text);
    if (seconds < least) throw usageError(flag, `at least ${least / hour}h`, `${flag} 90d`);
    return seconds;
  };
}

function graceOf(text: string): Span {
  return text === 'none' ? none : parseDurationOrZero('--grace', text);
}

function settingsOf(flags: SetFlags): PolicySettings {
  const given: Record<string, Span | boolean | undefined> = {
    rotate_every_seconds: flags.rotateEvery,
    grace_seconds: flags.grace,
    keep_previous: flags.keepPrevious,
    review_every_seconds: flags.reviewEvery,
    expires_within_seconds: flags.expiresWithin,
  };
  const typed = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(typed.map(([name, value]) => [name, value === none ? null : value]));
}
