import { exitCodes, KeyctlError, usageError } from '../domain/errors.js';
import { keysInText } from '../domain/keys-in-text.js';
import type { Sighting } from '../domain/leak.js';
import type { Machine } from './machine.js';

/** KEYs of which each has to be found, or tokens that stood in a text, of which those count that are live keys here. */
export interface KeyInput {
  readonly references: readonly string[];
  readonly sightings?: readonly Sighting[];
}

const longestBytes = 64 * 1024 * 1024;

/**
 * The keys on stdin: one KEY a line, JSON with key_id, or any text with tokens of ours.
 * @throws KeyctlError 2 on a terminal or for more than 64 MiB, 3 when no key stands in it
 */
export async function keysInStdin(machine: Machine): Promise<KeyInput> {
  if (machine.terminal.stdin)
    throw usageError(
      '--stdin',
      'stdin is a terminal',
      'keyctl keys identify leak.txt --json | keyctl revoke --stdin --reason "…"',
    );
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of machine.stdin) {
    chunks.push(Buffer.from(chunk as Buffer));
    size += (chunk as Buffer).length;
    if (size > longestBytes)
      throw usageError(
        '--stdin',
        'more than 64 MiB',
        'keyctl keys identify big.log --json | keyctl revoke --stdin',
      );
  }
  const found = keysInText(Buffer.concat(chunks).toString('utf8'));
  if (found.kind === 'references' && found.references.length > 0) return found;
  const tokens = found.kind === 'tokens' ? found.tokens : [];
  if (tokens.length === 0) throw noKeys('--stdin');
  const place = { kind: 'text', source: 'stdin', commit: null, path: null, object: null } as const;
  const sightings = tokens.map((token) => ({
    found: token,
    place: { ...place, line: token.line, column: token.column },
  }));
  return { references: [], sightings };
}

/**
 * The tokens in the findings of a scanner's report.
 * @throws KeyctlError 2 when it cannot be read or is none, 3 when no token of ours stands in it
 */
export async function keysInReport(machine: Machine, path: string): Promise<KeyInput> {
  const { openLog } = await import('./log-input.js');
  const { reportReader, reportSource } = await import('./report-input.js');
  const { chunks, name } = await openLog(machine, path, reportReader);
  const source = reportSource(name, chunks);
  const sightings: Sighting[] = [];
  for await (const sighting of source.sightings) sightings.push(sighting);
  if (sightings.length === 0) throw noKeys('--from-report', source.gaps[0]);
  return { references: [], sightings };
}

function noKeys(flag: string, why = 'no live key of ours stands in it'): KeyctlError {
  return new KeyctlError({
    code: 'no_keys',
    message: `${flag}: ${why}; nothing was done`,
    hint: 'keyctl keys identify FILE shows what is found and what is not',
    exitCode: exitCodes.notFound,
  });
}
