import type { Context } from '../../../actions/context.js';
import { usageError } from '../../../domain/errors.js';
import type { Secret } from '../../../domain/secret.js';
import { clean, line } from '../../../render/terminal-text.js';
import type { Runtime } from '../../../runtime/runtime.js';
import type { LeakSource } from '../../../runtime/text-input.js';
import { keysMeant } from '../../typed-keys.js';
import type { RunFlags } from './run-flags.js';

/** Keys that were found in what leaked, and their tokens as far as they stood there whole. */
export interface LeakedKeys {
  readonly keyIds: readonly string[];
  readonly tokens: ReadonlyMap<string, Secret>;
  /** Where they stood, in words. */
  readonly from: string;
  /** How one of them looks in a log: `kc_7Q2mK9xZab3d****`. */
  readonly shown: string | null;
}

const reader = {
  command: 'keyctl incidents run',
  example: 'keyctl incidents run INC-7 --step identify --from leak.txt',
};

/** What the flags say about which keys leaked; null when they say nothing. */
export async function leakedByFlags(rt: Runtime, flags: RunFlags): Promise<LeakedKeys | null> {
  const { key, from, fromReport } = flags;
  const given = [key, from, fromReport].filter((each) => each !== undefined);
  if (given.length > 1)
    throw usageError('--key', 'one thing at a time: --key, --from or --from-report', '--from leak.txt');
  if (key !== undefined) return await rt.withContext({}, (ctx) => leakedByName(rt, ctx, key));
  const source = await sourceOf(rt, flags);
  return source === null ? null : await leakedIn(rt, source);
}

async function sourceOf(rt: Runtime, { from, fromReport }: RunFlags): Promise<LeakSource | null> {
  if (from === undefined && fromReport === undefined) return null;
  const { openLog } = await import('../../../runtime/log-input.js');
  if (fromReport !== undefined) {
    const { reportReader, reportSource } = await import('../../../runtime/report-input.js');
    const report = await openLog(rt.machine, fromReport, reportReader);
    return reportSource(report.name, report.chunks);
  }
  const { textSource } = await import('../../../runtime/text-input.js');
  if (from === '-' && rt.machine.terminal.stdin)
    throw usageError('--from', 'stdin is a terminal', '--from leak.txt');
  const log = await openLog(rt.machine, from ?? '-', reader);
  return textSource(log.name, log.chunks);
}

async function leakedByName(rt: Runtime, ctx: Context, typed: readonly string[]): Promise<LeakedKeys> {
  const found = await keysMeant(rt, ctx, typed);
  const tokens = new Map<string, Secret>();
  for (const { reference, row } of found)
    if (reference.kind === 'token' || reference.kind === 'foreign') tokens.set(row.key.id, reference.token);
  const [first] = found;
  return {
    keyIds: found.map(({ row }) => row.key.id),
    tokens,
    from: 'what was typed',
    shown: first === undefined ? null : first.row.key.name,
  };
}

/** The keys whose tokens stand in a pasted line. */
export async function leakedInPaste(rt: Runtime, text: string): Promise<LeakedKeys> {
  const { textSource } = await import('../../../runtime/text-input.js');
  return await leakedIn(rt, textSource('the paste', once(Buffer.from(text))));
}

async function leakedIn(rt: Runtime, source: LeakSource): Promise<LeakedKeys> {
  const { identifyTokens } = await import('../../../actions/identify-tokens.js');
  const { tokens } = await rt.withContext({}, (ctx) => identifyTokens(ctx, source.sightings));
  const ours = tokens.filter(({ row }) => row !== null);
  const unknown = tokens.length - ours.length;
  if (unknown > 0) rt.warn(line`left out: tokens that are no keys of this database: ${unknown}`);
  for (const gap of source.gaps) rt.warn(line`not searched: ${clean(gap)}`);
  return {
    keyIds: ours.flatMap(({ row }) => (row === null ? [] : [row.key.id])),
    tokens: new Map(
      ours.flatMap(({ row, token }) =>
        row === null || token === null ? [] : [[row.key.id, token] as const],
      ),
    ),
    from: source.name,
    shown: ours[0]?.redacted ?? null,
  };
}

/**
 * Asks for what leaked until a key of ours is found in it; Enter alone searches for the key by its name instead. What is
 * pasted is not shown, and not kept.
 */
export async function askLeaked(rt: Runtime): Promise<LeakedKeys> {
  for (;;) {
    const pasted = await rt.prompts.hidden(
      line`Paste the leaked text (not shown; Enter searches for the key instead):`,
    );
    if (pasted.trim() === '') {
      const { searchKey } = await import('../../search-key.js');
      const id = await searchKey(rt);
      return await rt.withContext({}, (ctx) => leakedByName(rt, ctx, [id]));
    }
    const found = await leakedInPaste(rt, pasted);
    if (found.keyIds.length > 0) return found;
    rt.warn(line`No key of this database stands in it. For a whole file: --from FILE`);
  }
}

async function* once(text: Buffer): AsyncGenerator<Uint8Array, void, void> {
  yield text;
}
