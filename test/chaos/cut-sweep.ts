import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fate, startProxy, type WireMessage, type WireProxy } from '../support/tcp-proxy.js';
import type { Arena } from './arena.js';
import { observed, planRun, type RotationRun, startRun } from './rotation-run.js';
import type { Ended } from './run-keyctl.js';

/** The server's unix socket, and an arena's environment made to go through a proxy instead. */
export interface Wire {
  readonly socket: string;
  readonly directory: string;
  /** The same as `arena.env`, with the socket in that directory. */
  readonly envThrough: (directory: string) => Readonly<Record<string, string>>;
}

let proxies = 0;

/** Runs what is given with a proxy between keyctl and the server. */
export async function through<T>(
  wire: Wire,
  fate: (message: WireMessage) => Fate,
  work: (env: Readonly<Record<string, string>>, proxy: WireProxy) => Promise<T>,
): Promise<T> {
  proxies += 1;
  const directory = join(wire.directory, `p${proxies}`);
  await mkdir(directory);
  const path = join(directory, wire.socket.slice(wire.socket.lastIndexOf('/') + 1));
  const proxy = await startProxy({ target: { path: wire.socket }, path, fate });
  try {
    return await work(wire.envThrough(directory), proxy);
  } finally {
    await proxy.close();
  }
}

/** A moment in the talk of the first connection: before that message, or after it. */
export interface Cut {
  readonly from: 'client' | 'server';
  readonly index: number;
  readonly fate: 'cut' | 'cut-after';
}

/** Every cut that there can be in a rotation of this kind; found by watching one that nobody disturbs. */
export async function possibleCuts(arena: Arena, wire: Wire): Promise<readonly Cut[]> {
  const run = await plan(arena, 'undisturbed');
  const seen = await through(
    wire,
    () => 'forward',
    async (env, proxy) => {
      const ended = await startRun(arena, run, env).ended;
      if (ended.exitCode !== 0) throw new Error(`a rotation through a proxy failed: ${ended.stderr}`);
      return proxy.messages();
    },
  );
  return seen.flatMap(({ from, index }) => [
    { from, index, fate: 'cut' as const },
    { from, index, fate: 'cut-after' as const },
  ]);
}

/** Cuts a rotation's connection there; only the first one, so that keyctl may ask again on another. Answers what broke. */
export async function cutOnce(
  arena: Arena,
  wire: Wire,
  cut: Cut,
): Promise<{ code: number | null; problems: string[] }> {
  const { from, index, fate } = cut;
  const run = await plan(arena, `${fate} of message ${index} of the ${from}`);
  const isIt = (message: WireMessage) =>
    message.connection === 1 && message.from === from && message.index === index;
  const ended = await through(
    wire,
    (message) => (isIt(message) ? fate : 'forward'),
    (env) => startRun(arena, run, env).ended,
  );
  const problems = [...(await arena.oracle.look([observed(run, ended)]))];
  problems.push(...(await repeated(arena, run, ended)));
  return { code: ended.exitCode, problems };
}

/** Whatever came of it: the same operation, asked again on a sound connection, gives the one outcome. */
export async function repeated(arena: Arena, run: RotationRun, first: Ended): Promise<readonly string[]> {
  const again = await startRun(arena, run).ended;
  const problems = [...(await arena.oracle.look([observed(run, again, false)]))];
  const [row] = await arena.sql`select count(*)::int as successors from keyctl.rotations
    where old_key_id = ${run.keyId} and activated_at is not null`;
  const promised = first.exitCode === 0 || first.exitCode === 75 || first.exitCode === 69;
  if (promised && again.exitCode !== 0)
    problems.push(
      `${run.name}: ${first.exitCode}, and ${again.exitCode} again: ${first.stderr} ${again.stderr}`,
    );
  if (again.exitCode === 0 && row?.successors !== 1)
    problems.push(`${run.name}: ${row?.successors} successors after two runs of one operation`);
  return problems;
}

async function plan(arena: Arena, name: string): Promise<RotationRun> {
  const planted = await arena.plantKey();
  return await planRun(arena, { name, planted, kinds: ['file', 'env'] });
}
