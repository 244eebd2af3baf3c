import { exitCodes, KeyctlError, usageError } from '../domain/errors.js';
import { keysInText } from '../domain/keys-in-text.js';
import type { KnownDigests } from '../domain/known-digests.js';
import type { Sighting } from '../domain/leak.js';
import type { Machine } from './machine.js';

/**
 * A text, or the findings of a report. What of it is a KEY or a token is certain only when the tokens of imported keys are
 * known, and those are in the database.
 */
export interface KeyInput {
  readonly references: readonly string[];
  readonly text?: string;
  readonly sightings?: (known: KnownDigests | null) => AsyncIterable<Sighting>;
}

const longestBytes = 64 * 1024 * 1024;

/**
 * The text on stdin: one KEY a line, JSON with key_id, or any text with tokens.
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
  const text = Buffer.concat(chunks).toString('utf8');
  const found = keysInText(text);
  const some = found.kind === 'references' ? found.references.length > 0 : found.tokens.length > 0;
  if (!some && (found.kind === 'references' || !hasWord.test(text))) throw noKeys('--stdin');
  return { references: [], text };
}

/** Something that can be the token of an imported key. */
const hasWord = /[!-~]{16}/;

/**
 * The tokens in the findings of a scanner's report. While they are read, throws KeyctlError 2 when it is none, 3 when no
 * token of ours stands in it.
 * @throws KeyctlError 2 when it cannot be read
 */
export async function keysInReport(machine: Machine, path: string): Promise<KeyInput> {
  const { openLog } = await import('./log-input.js');
  const { reportReader, reportSource } = await import('./report-input.js');
  const { chunks, name } = await openLog(machine, path, reportReader);
  const source = reportSource(name, chunks);
  async function* sightings(known: KnownDigests | null): AsyncGenerator<Sighting, void, void> {
    let some = false;
    for await (const sighting of source.sightings(known)) {
      some = true;
      yield sighting;
    }
    if (!some) throw noKeys('--from-report', source.gaps[0]);
  }
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
