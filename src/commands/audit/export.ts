import { type Command, Option } from 'commander';
import type { Context } from '../../actions/context.js';
import type { Exported, ExportRequest } from '../../actions/export-rows.js';
import { parseActions } from '../../domain/audit-action.js';
import { cutTokens } from '../../domain/cut-tokens.js';
import { type ExportFormat, exportFormats } from '../../domain/export-kind.js';
import { parseReference, refuseBrokenToken } from '../../domain/reference.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { checkExport, type ExportFlags, exportKind } from './export-flags.js';
import { exportSink } from './export-sink.js';
import { addWindow, windowOf } from './window-flags.js';

export function exportCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'export')
    .summary('the audit log, usage or the table of keys, for auditors and a SIEM')
    .description(
      'Write the audit log to stdout or to a new file, oldest first. Everything given has to fit. It is written down in the log itself.',
    )
    .addOption(new Option('--format <format>', 'form of the export').choices(exportFormats))
    .option('--usage', 'usage events instead of the audit log')
    .option('--lookup', 'the table of keys instead: whose which key is, and what became of it')
    .addOption(
      new Option('--type <type>', 'key_rotation: one line a rotation, old and new key side by side').choices([
        'key_rotation',
      ]),
    )
    .option('--action <list>', "key.revoked,ip.blocked …, or 'key.*'", actionsFlag)
    .addOption(new Option('--key <key>', 'of this KEY').conflicts('family'))
    .option('--family <key>', 'of all keys of the family of this KEY')
    // The program's own --actor takes the value wherever it stands; here it says whom to look for.
    .option('--actor <who>', 'changes by this database role, OS user or claimed actor');
  addWindow(rt, command);
  return command
    .option('--out <file>', 'into this new file, with FILE.manifest.json beside it')
    .option('--force', 'replace the file of --out')
    .action(async (_own: ExportFlags, typed: Command) => {
      const flags: ExportFlags = typed.optsWithGlobals();
      const format = checkExport(rt, flags);
      const window = windowOf(flags);
      for (const text of [flags.key, flags.family])
        if (text !== undefined) refuseBrokenToken(parseReference(text));
      await rt.withContext({}, async (ctx) => {
        await exportTo(rt, ctx, flags, await requestOf(rt, ctx, { ...flags, ...window, format }));
      });
    });
}

function actionsFlag(text: string, earlier?: readonly string[]): readonly string[] {
  return parseActions('--action', text, earlier);
}

type Asked = Omit<ExportFlags, 'since' | 'until' | 'format'> & {
  readonly format: ExportFormat;
  readonly since: string | null;
  readonly until: string | null;
};

async function requestOf(rt: Runtime, ctx: Context, asked: Asked): Promise<ExportRequest> {
  const { encoderOf } = await import('../../render/export/encoder.js');
  const what = exportKind(asked);
  const { format, since, until, actor } = asked;
  const saidActor = actor === undefined ? undefined : cutTokens(actor).text;
  const { keyId, familyId, keyIds } = await keysAsked(rt, ctx, asked);
  const actions = what === 'key_rotation' ? ['rotation.activated'] : asked.action;
  const origin = (databaseId: string) => ({ databaseId, version: rt.machine.version });
  return {
    what,
    format,
    filter: said({ key_id: keyId, family_id: familyId, actor: saidActor, actions, since, until }),
    rows: { keyId, familyId, keyIds, actor, actions, since, until },
    encoderFor: ({ databaseId }) => encoderOf(what, format, origin(databaseId)),
  };
}

/** The keys that are meant, by their ids: what was typed may be a token, and is written down nowhere. */
async function keysAsked(rt: Runtime, ctx: Context, { key, family }: Asked) {
  const typed = key ?? family;
  if (typed === undefined) return { keyId: undefined, familyId: undefined, keyIds: null };
  const { warnOfTypedTokens } = await import('../argv-token.js');
  const { usageScope } = await import('../../actions/usage-scope.js');
  warnOfTypedTokens(rt, [typed]);
  const choice = { key: typed, family: family !== undefined };
  const scope = await usageScope(ctx, choice, { interactive: rt.canAsk });
  return {
    keyId: key === undefined ? undefined : scope.key?.key.id,
    familyId: scope.familyId ?? undefined,
    keyIds: scope.rows?.map((row) => row.key.id) ?? null,
  };
}

function said(
  filter: Readonly<Record<string, string | readonly string[] | null | undefined>>,
): ExportRequest['filter'] {
  const given = Object.entries(filter).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(given) as ExportRequest['filter'];
}

async function exportTo(
  rt: Runtime,
  ctx: Context,
  flags: ExportFlags,
  request: ExportRequest,
): Promise<void> {
  const { exportRows } = await import('../../actions/export-rows.js');
  const { exportedFile, exportedLine } = await import('../../render/export/exported.js');
  const sink = await exportSink(rt, flags, request);
  const interruption = new AbortController();
  const undo = rt.machine.onInterrupt(() => interruption.abort());
  let exported: Exported;
  try {
    const run = { sink, stallMs: rt.flags.timeoutMs, interrupted: interruption.signal };
    exported = await exportRows(ctx, request, run);
  } finally {
    undo();
  }
  const { file, manifest } = sink;
  if (file === null || manifest === null) rt.say(exportedLine(exported));
  else await rt.print(exportedFile, { ...exported, file, manifest });
}
