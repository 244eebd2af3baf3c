import { type Command, Option } from 'commander';
import { type Dimension, dimensions } from '../../db/reads/usage-dimensions.js';
import { usageError } from '../../domain/errors.js';
import { parsePlainText } from '../../domain/plain-text.js';
import { parseEmail, wholeNumber } from '../../domain/setting-values.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { typedOrSearched } from '../typed-keys.js';
import { countedDays, followEvents, showCounts, showNewest } from './show-usage.js';
import { type SplitPoint, showSplit, splitFlag, splitHelp } from './split-flag.js';
import { addWindow, checkFollow, limitFlag, type WindowFlags, windowOf } from './window-flags.js';

interface UsageFlags extends WindowFlags {
  readonly owner?: string;
  readonly userId?: string;
  readonly all?: boolean;
  readonly family?: boolean;
  readonly by?: Dimension;
  readonly keyVersion?: number;
  readonly limit?: number;
  readonly follow?: boolean;
  readonly splitAt?: SplitPoint;
}

const example = 'keyctl audit usage key_7Q2mK9xZab3d, or --owner alice@example.com, or --all';

export function usageCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'usage')
    .summary('what keys were used for: events, or counts by endpoint, address, agent …')
    .description(
      'Show requests, newest first; with --by, counts of them. An agent is the first product that a user agent names: `curl/8.5 (x)` is curl.',
    )
    .argument('[key]', 'id, start of an id, name, external id, fingerprint or redacted token')
    .option('--owner <email>', 'of all keys of this person, dead ones too', ownerFlag)
    .option('--user-id <id>', 'of all keys of this user id, dead ones too', userIdFlag)
    .option('--all', 'of all keys')
    .option('--family', 'of all versions of KEY')
    .addOption(new Option('--by <what>', 'count requests').choices(dimensions))
    .option('--key-version <n>', 'requests made with this version', versionFlag)
    .option('--split-at <when>', `${splitHelp}; of the whole family when it is a rotation`, splitFlag(rt));
  addWindow(rt, command, ` (with --by: ${countedDays}d)`);
  return command
    .option('--limit <n>', 'how many (100; with --follow 10 to begin with; with --by all)', limitFlag)
    .option('--follow', 'oldest first, and go on with what arrives; Ctrl-C ends it')
    .action(async (typed: string | undefined, flags: UsageFlags) => {
      checkFlags(rt, typed, flags);
      const { owner, userId, by, limit, splitAt } = flags;
      const window = { ...windowOf(flags), keyVersion: flags.keyVersion ?? null };
      const key = await whose(rt, typed, flags);
      // A rotation lies between two keys: one of them alone has only one side.
      const family = flags.family === true || (splitAt?.kind === 'rotation' && key !== undefined);
      const { usageScope } = await import('../../actions/usage-scope.js');
      const { usageGroups } = await import('../../render/usage-groups.js');
      await rt.withContext({}, async (ctx) => {
        const scope = await usageScope(ctx, { key, owner, userId, family }, { interactive: rt.canAsk });
        if (splitAt !== undefined)
          await showSplit(rt, ctx, scope, {
            ...flags,
            splitAt,
            by: by ?? 'endpoint',
            keyVersion: window.keyVersion,
          });
        else if (by !== undefined)
          await showCounts(rt, ctx, scope, window, { by, limit, lean: false, renderer: usageGroups(by) });
        else if (flags.follow === true) await followEvents(rt, ctx, scope, { ...window, limit });
        else await showNewest(rt, ctx, scope, { ...window, limit });
      });
    });
}

function ownerFlag(text: string): string {
  return parseEmail('--owner', text);
}

function userIdFlag(text: string): string {
  return parsePlainText('--user-id', text, { max: 200, example: '--user-id u-1007' });
}

function versionFlag(text: string): number {
  return wholeNumber('--key-version', { min: 1, max: 1_000_000, example: '3' })(text);
}

/** One way of saying whose usage, and nothing that contradicts. */
function checkFlags(rt: Runtime, typed: string | undefined, flags: UsageFlags): void {
  const others = [flags.owner !== undefined, flags.userId !== undefined, flags.all === true].filter(Boolean);
  if (others.length + Number(typed !== undefined) > 1)
    throw usageError('KEY', 'a KEY, --owner, --user-id or --all: one of them', example);
  if (flags.family === true && others.length > 0)
    throw usageError('--family', 'goes with a KEY', 'keyctl audit usage alice-prod --family');
  if (flags.follow === true && flags.by !== undefined)
    throw usageError('--follow', 'shows events, --by counts them', 'keyctl audit usage --all --follow');
  if (flags.splitAt !== undefined && (flags.follow === true || flags.limit !== undefined))
    throw usageError(
      '--split-at',
      'counts, and goes with neither --follow nor --limit',
      '--split-at rot_7Q2mK9xZab3d --by ip',
    );
  checkFollow(rt, flags);
}

async function whose(rt: Runtime, typed: string | undefined, flags: UsageFlags): Promise<string | undefined> {
  if (flags.owner !== undefined || flags.userId !== undefined || flags.all === true) return undefined;
  const [key] = await typedOrSearched(rt, typed === undefined ? [] : [typed], example);
  return key;
}
