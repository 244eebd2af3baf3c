import { type Command, Option } from 'commander';
import type { Ingestion } from '../../actions/ingest-usage.js';
import type { LogInput } from '../../actions/read-log.js';
import { exitCodes, interruptedError, type KeyctlError, usageError } from '../../domain/errors.js';
import { formatOf, type LogFormat, logFormats } from '../../domain/ingest/formats.js';
import { type KeyField, parseKeyField } from '../../domain/ingest/key-field.js';
import type { OpenLog } from '../../runtime/log-input.js';
import type { RejectFile } from '../../runtime/reject-file.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { tellIncidents } from '../tell-incidents.js';
import { showProgress } from './show-progress.js';

interface IngestFlags extends ChangeFlags {
  readonly format?: LogFormat;
  readonly keyField?: KeyField;
  readonly adopt?: boolean;
  readonly rejects?: string;
}

export function ingestCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'ingest')
    .summary('bring in usage logs')
    .description(
      'Bring in usage logs, gzip too. An event comes in once, however often its log does. Lines that are no events are counted, and end it with exit code 6.',
    )
    .argument('<file>', 'the log, or - for stdin')
    .addOption(
      new Option('--format <format>', 'told from the content when that is certain').choices(logFormats),
    )
    .option(
      '--key-field <field>',
      'what names the key in a combined log: user, client, query:NAME, or quoted:N behind the user agent (user)',
      parseKeyField,
    )
    .option('--adopt', 'register unknown names that have an accepted event (status under 400) as keys')
    .option('--rejects <file>', 'keep rejected lines in this new file, without tokens');
  addChangeFlags(command);
  return command.action(async (path: string, flags: IngestFlags) => {
    const { openLog } = await import('../../runtime/log-input.js');
    const log = await openLog(rt.machine, path);
    let rejects: RejectFile | null = null;
    try {
      const format = await formatMeant(log, flags);
      const { createRejectFile } = await import('../../runtime/reject-file.js');
      rejects = flags.rejects === undefined ? null : await createRejectFile(rt.machine, flags.rejects);
      await ingest(rt, log, { format, rejects, flags });
    } finally {
      log.stop();
      await rejects?.close();
    }
  });
}

async function formatMeant(log: OpenLog, flags: IngestFlags): Promise<LogFormat> {
  const head = flags.format === undefined ? await log.head() : null;
  const format = flags.format ?? (head?.length === 0 ? 'ndjson' : formatOf(head ?? new Uint8Array()));
  if (format === null) {
    throw usageError(
      '--format',
      `what is in ${log.name} is not certain from its beginning`,
      `--format ${logFormats.join(', or --format ')}`,
    );
  }
  if (flags.keyField !== undefined && format !== 'combined') {
    throw usageError(
      '--key-field',
      `is for combined logs; ${log.name} is read as ${format}`,
      '--format combined',
    );
  }
  return format;
}

async function ingest(
  rt: Runtime,
  log: OpenLog,
  wanted: { format: LogFormat; rejects: RejectFile | null; flags: IngestFlags },
): Promise<void> {
  const { ingestUsage, tryLog } = await import('../../actions/ingest-usage.js');
  const { ingestion, nextSteps } = await import('../../render/ingestion.js');
  const { format, rejects, flags } = wanted;
  const { operationId } = flags;
  const work = (run: (input: LogInput) => Promise<Ingestion>) =>
    stoppable(rt, log, (isStopped, onProgress) =>
      run({
        chunks: log.chunks,
        source: log.name,
        format,
        keyField: flags.keyField ?? { kind: 'user' },
        rejects,
        isStopped,
        onProgress,
      }),
    );
  const options = { adopt: flags.adopt === true, timeoutMs: rt.flags.timeoutMs };
  const done =
    flags.dryRun === true
      ? await work((input) => tryLog(input, rt.machine.now(), operationId ?? rt.machine.randomUuid()))
      : await rt.withContext({ create: true, operationId }, (ctx) =>
          work((input) => ingestUsage(ctx, input, options)),
        );
  // Before it is printed: a reader that has gone away changes nothing about it.
  if (done.rejected > 0 || !done.complete) rt.exitWith(exitCodes.partial);
  tellIncidents(rt, done.incidents);
  await rt.print(ingestion, done);
  const shown = { demo: rt.flags.demo, keptRejects: rejects !== null };
  const next = rt.flags.output === 'table' ? nextSteps(done, shown) : null;
  if (next !== null) rt.say(next);
}

/** The first interrupt ends the reading, and what was read is filed; the next one ends the waiting for that too. */
async function stoppable(
  rt: Runtime,
  log: OpenLog,
  work: (isStopped: () => boolean, onProgress: LogInput['onProgress']) => Promise<Ingestion>,
): Promise<Ingestion> {
  let stopped = false;
  const undo = rt.machine.onInterrupt(() => {
    stopped = true;
    log.stop();
  });
  const progress = showProgress(rt, log);
  try {
    const done = await work(() => stopped, progress.show);
    if (stopped) throw stoppedAt(done);
    return done;
  } finally {
    undo();
    progress.end();
  }
}

function stoppedAt(done: Ingestion): KeyctlError {
  if (done.dryRun) return interruptedError('nothing was to be filed');
  return interruptedError(`${done.events + (done.stray ?? 0)} events were filed until then`, {
    hint: 'run the same command again: it files what is missing and adds nothing twice',
    outcome: 'partial',
  });
}
