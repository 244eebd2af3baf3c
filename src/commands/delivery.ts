import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type Sink, SinkError } from '../actions/delivery/sink.js';
import { type Destination, parseDestination } from '../domain/destination.js';
import { exitCodes, KeyctlError, usageError } from '../domain/errors.js';
import { issuedKey, keyShowing } from '../render/issued-key.js';
import { writeText } from '../runtime/output.js';
import type { Runtime } from '../runtime/runtime.js';

export interface DeliveryFlags {
  readonly deliver?: readonly Destination[];
}

/** Adds `--deliver`. */
export function addDeliverFlag(command: Command): Command {
  return command.option(
    '--deliver <sink>',
    'where the secret goes: stdout, or file:PATH (new, mode 0600); repeated for several; a terminal shows it by itself',
    (text: string, earlier: readonly Destination[] = []) => [...earlier, parseDestination('--deliver', text)],
  );
}

/** Refuses (5) a secret that would have nowhere to go, before anything is minted or opened. */
export function requireSink(rt: Runtime, { deliver = [] }: DeliveryFlags): void {
  const { output } = rt.flags;
  const kinds = deliver.map(nameOf);
  const twice = kinds.find((kind, at) => kinds.indexOf(kind) !== at);
  if (twice !== undefined) throw usageError('--deliver', `${twice} is named twice`, `--deliver ${twice}`);
  if (output === 'ids' && kinds.includes('stdout')) {
    throw usageError('--output', 'ids prints no secret, so --deliver stdout would lose it', '--output json');
  }
  if (deliver.length > 0 || (rt.machine.terminal.stdout && output === 'table')) return;
  throw new KeyctlError({
    code: 'no_sink',
    message:
      output === 'table'
        ? 'stdout is no terminal, and the secret has nowhere else to go; nothing was created'
        : `the secret has nowhere to go: with -o ${output} it is printed only when asked for; nothing was created`,
    hint: 'add --deliver file:/path/of/a/new/file, or --deliver stdout to print it',
    exitCode: exitCodes.confirmation,
  });
}

/** The sinks that were asked for, those that cannot be taken back last; a terminal when none was. */
export async function sinksOf(rt: Runtime, { deliver = [] }: DeliveryFlags): Promise<readonly Sink[]> {
  const { fileSink } = await import('../actions/delivery/file-sink.js');
  const files = deliver.flatMap((to) =>
    to.kind === 'file' ? [fileSink(resolve(rt.machine.workingDirectory, to.path))] : [],
  );
  if (deliver.some((to) => to.kind === 'stdout')) return [...files, stdoutSink(rt)];
  return files.length > 0 ? files : [terminalSink(rt)];
}

/**
 * The key alone on a line, or the whole record of the result with it (CLI.md, `keys create`): both are written, and
 * taken by the reader, before the key is active. A record printed afterwards could be lost with a live key in it.
 */
function stdoutSink(rt: Runtime): Sink {
  return printing('stdout', async (secret, key) => {
    if (rt.flags.output === 'table') await writeText(rt.machine.stdout, `${secret.reveal()}\n`);
    else await rt.print(issuedKey, { key, secret, status: 'pending' });
  });
}

function terminalSink(rt: Runtime): Sink {
  return printing('terminal', (secret, key) =>
    writeText(rt.machine.stdout, `${keyShowing(key, secret, rt.view('stdout'))}\n`),
  );
}

/** What is printed cannot be taken back, nor read again by a later run. */
function printing(name: string, print: Sink['stage']): Sink {
  return {
    name,
    async stage(secret, key) {
      try {
        await print(secret, key);
      } catch (error) {
        throw new SinkError(failureOf(error), '--deliver file:/path/of/a/new/file');
      }
    },
    async commit() {},
    async discard() {},
    recall: async () => null,
  };
}

function failureOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : null;
  if (code === 'ENOSPC') return 'no space is left on the device';
  return code === null ? 'its reader is gone' : `it could not be written (${code})`;
}

function nameOf(to: Destination): string {
  return to.kind === 'stdout' ? 'stdout' : `file:${to.path}`;
}
