import { type Command, Option } from 'commander';
import type { Context } from '../../actions/context.js';
import type { AuditFilter } from '../../db/reads/audit-log.js';
import { targetName } from '../../db/settings.js';
import { parseActions } from '../../domain/audit-action.js';
import { exitCodes } from '../../domain/errors.js';
import { wholeNumber } from '../../domain/setting-values.js';
import { line } from '../../render/terminal-text.js';
import { listenForInterrupt } from '../../runtime/interruption.js';
import type { Runtime } from '../../runtime/runtime.js';
import { warnOfTypedTokens } from '../argv-token.js';
import { newCommand } from '../new-command.js';
import { keyMeant } from '../typed-keys.js';
import { addWindow, checkFollow, limitFlag, type WindowFlags, windowOf } from './window-flags.js';

interface LogFlags extends WindowFlags {
  readonly key?: string;
  readonly family?: string;
  readonly actor?: string;
  readonly action?: readonly string[];
  readonly keyVersion?: number;
  readonly limit?: number;
  readonly follow?: boolean;
}

export function logCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'log')
    .summary('who changed what, when and why')
    .description('Show the audit log, newest first. Everything given has to fit.')
    .addOption(new Option('--key <key>', 'changes of this KEY').conflicts('family'))
    .option('--family <key>', 'changes of all keys of the family of this KEY')
    // The program's own --actor takes the value wherever it stands; here it says whom to look for.
    .option('--actor <who>', 'changes by this database role, OS user or claimed actor')
    .option('--action <list>', "key.revoked,ip.blocked …, or 'key.*'", actionsFlag)
    .option(
      '--key-version <n>',
      'changes of keys of this version',
      wholeNumber('--key-version', { min: 1, max: 1_000_000, example: '3' }),
    );
  addWindow(rt, command);
  return command
    .option('--limit <n>', 'how many (100; with --follow 10 to begin with)', limitFlag)
    .option('--follow', 'oldest first, and go on with what is added; Ctrl-C ends it')
    .action(async (_own: LogFlags, typed: Command) => {
      const flags: LogFlags = typed.optsWithGlobals();
      checkFollow(rt, flags);
      const window = windowOf(flags);
      await rt.withContext({}, async (ctx) => {
        const filter = { ...window, ...(await filterOf(rt, ctx, flags)) };
        await (flags.follow === true ? follow : showNewest)(rt, ctx, filter, flags.limit);
      });
    });
}

function actionsFlag(text: string, earlier?: readonly string[]): readonly string[] {
  return parseActions('--action', text, earlier);
}

async function filterOf(
  rt: Runtime,
  ctx: Context,
  flags: LogFlags,
): Promise<Omit<AuditFilter, 'since' | 'until'>> {
  const { actor, action, keyVersion } = flags;
  const typed = flags.key ?? flags.family;
  if (typed !== undefined) warnOfTypedTokens(rt, [typed]);
  const key = typed === undefined ? undefined : (await keyMeant(rt, ctx, [typed])).row.key;
  return {
    keyId: flags.key === undefined ? undefined : key?.id,
    familyId: flags.family === undefined ? undefined : key?.familyId,
    actor,
    actions: action,
    keyVersion,
  };
}

async function showNewest(rt: Runtime, ctx: Context, filter: AuditFilter, limit = 100): Promise<void> {
  const { newestEntries } = await import('../../actions/read-audit-log.js');
  const { auditLog } = await import('../../render/audit-log.js');
  const entries = newestEntries(ctx, filter, limit);
  await rt.printPages(auditLog(targetName(ctx.db.target)), entries.pages);
  if (entries.cut())
    rt.say(line`the newest ${limit} are shown; for older ones: --limit ${limit * 10}, or --until`);
}

async function follow(rt: Runtime, ctx: Context, filter: AuditFilter, newest = 10): Promise<void> {
  const { followEntries } = await import('../../actions/read-audit-log.js');
  const { auditLog } = await import('../../render/audit-log.js');
  const interruption = listenForInterrupt(rt.machine);
  try {
    const pages = followEntries(ctx, filter, { newest, pause: interruption.pause });
    await rt.printPages({ ...auditLog(targetName(ctx.db.target)), nothing: line`` }, pages);
    rt.exitWith(exitCodes.interrupted);
  } finally {
    interruption.done();
  }
}
