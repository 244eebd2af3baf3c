import type { Command } from 'commander';
import type { DeliveryPlan, SinkWorld } from '../actions/delivery/destinations-for.js';
import { type Sink, SinkError } from '../actions/delivery/sink.js';
import { type Destination, parseDestination } from '../domain/destination.js';
import { exitCodes, KeyctlError, usageError } from '../domain/errors.js';
import { writeText } from '../runtime/output.js';
import type { Runtime } from '../runtime/runtime.js';

export interface DeliveryFlags {
  readonly deliver?: readonly Destination[];
}

/** Of commands that issue several keys at once. */
export interface PlaceFlags extends DeliveryFlags {
  readonly deliverDir?: string;
  readonly deliverMap?: string;
}

/** Adds `--deliver`. */
export function addDeliverFlag(command: Command): Command {
  return command.option(
    '--deliver <sink>',
    'where the secret goes: file:PATH (new, mode 0600), env:PATH#NAME (one line of an env file), ' +
      "'age:RECIPIENT>PATH' (encrypted), exec:COMMAND (on its stdin), or stdout; repeated for several; " +
      'a terminal shows it by itself',
    (text: string, earlier: readonly Destination[] = []) => [...earlier, parseDestination('--deliver', text)],
  );
}

/** Adds `--deliver`, `--deliver-dir` and `--deliver-map`. */
export function addPlaceFlags(command: Command): Command {
  return addDeliverFlag(command)
    .option('--deliver-dir <dir>', 'each secret into a file of its own there, named by the id of its key')
    .option('--deliver-map <file>', 'which key goes where: a private JSON file (docs/delivery.md)');
}

/** Refuses (5) a secret that would have nowhere to go, before anything is minted or opened. */
export function requireSink(rt: Runtime, { deliver = [], deliverDir, deliverMap }: PlaceFlags): void {
  const { output } = rt.flags;
  if (output === 'ids' && deliver.some((to) => to.kind === 'stdout')) {
    throw usageError('--output', 'ids prints no secret, so --deliver stdout would lose it', '--output json');
  }
  const places = [deliver.length > 0, deliverDir !== undefined, deliverMap !== undefined].filter(Boolean);
  if (places.length > 1) {
    throw usageError(
      '--deliver',
      'only one of --deliver, --deliver-dir, --deliver-map',
      '--deliver-dir /srv/keys',
    );
  }
  if (places.length > 0 || (rt.machine.terminal.stdout && output === 'table')) return;
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

/** Where keys go by these flags; null when a terminal shows them. Reads the map, looks at the directory (2, 78). */
export async function deliveryPlan(rt: Runtime, flags: PlaceFlags): Promise<DeliveryPlan | null> {
  const { deliver = [], deliverDir, deliverMap } = flags;
  if (deliverDir !== undefined || deliverMap !== undefined) {
    const { deliveryDirectory, readDeliveryMap } = await import('../runtime/delivery-places.js');
    if (deliverDir !== undefined) return { kind: 'directory', path: deliveryDirectory(rt, deliverDir) };
    if (deliverMap !== undefined) return { kind: 'map', map: readDeliveryMap(rt, deliverMap) };
  }
  if (deliver.length === 0) return null;
  const { refuseTwice } = await import('../actions/delivery/destinations-for.js');
  refuseTwice('--deliver', deliver, rt.machine.workingDirectory);
  return { kind: 'fixed', destinations: deliver };
}

/** The sinks of one key: those that were asked for, those that cannot be taken back last; a terminal when none was. */
export async function sinksOf(rt: Runtime, flags: DeliveryFlags): Promise<readonly Sink[]> {
  const plan = await deliveryPlan(rt, { deliver: flags.deliver ?? [] });
  if (plan?.kind !== 'fixed') return [terminalSink(rt)];
  const { sinksOf } = await import('../actions/delivery/destinations-for.js');
  return sinksOf(plan.destinations, await sinkWorld(rt));
}

/** What sinks need of this machine. */
export async function sinkWorld(rt: Runtime): Promise<SinkWorld> {
  const { hookWorld } = await import('../runtime/delivery-places.js');
  const { workingDirectory } = rt.machine;
  return { ...hookWorld(rt), workingDirectory, stdout: () => stdoutSink(rt) };
}

/**
 * The key alone on a line, or the whole record of the result with it (CLI.md, `keys create`): both are written, and
 * taken by the reader, before the key is active. A record printed afterwards could be lost with a live key in it.
 */
function stdoutSink(rt: Runtime): Sink {
  return printing('stdout', async (secret, key) => {
    if (rt.flags.output === 'table') await writeText(rt.machine.stdout, `${secret.reveal()}\n`);
    else {
      const { issuedKey } = await import('../render/issued-key.js');
      await rt.print(issuedKey, { key, secret, status: 'pending' });
    }
  });
}

/** Shows a key on the terminal, once. */
export function terminalSink(rt: Runtime): Sink {
  return printing('terminal', async (secret, key) => {
    const { keyShowing } = await import('../render/issued-key.js');
    await writeText(rt.machine.stdout, `${keyShowing(key, secret, rt.view('stdout'))}\n`);
  });
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
