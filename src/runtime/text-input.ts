import { KeyctlError } from '../domain/errors.js';
import type { KnownDigests } from '../domain/known-digests.js';
import type { Sighting } from '../domain/leak.js';
import { textScanner } from '../domain/text-scan.js';

/** A text to be searched, as sightings that come while it is read, in constant memory. */
export interface LeakSource {
  /** As the person named it. */
  readonly name: string;
  /** @param known the tokens of imported keys, found too; asked for once */
  readonly sightings: (known: KnownDigests | null) => AsyncIterable<Sighting>;
  /** What could not be read and so was not searched; complete when the sightings have ended. */
  readonly gaps: readonly string[];
  /** How much was searched so far. */
  bytesRead(): number;
}

/** Every token in a stream of bytes, with line and column. A stream that breaks off is searched as far as it went. */
export function textSource(name: string, chunks: AsyncIterable<Uint8Array>): LeakSource {
  const gaps: string[] = [];
  const counted = countedChunks(chunks);
  async function* sightings(known: KnownDigests | null): AsyncGenerator<Sighting, void, void> {
    const scanner = textScanner(known);
    try {
      for await (const chunk of counted.chunks) yield* scanner.push(chunk).map(inText);
    } catch (error) {
      if (error instanceof KeyctlError) throw error;
      gaps.push(`${name} could be read in part only (${codeOf(error)})`);
    }
    yield* scanner.end().map(inText);
  }
  const inText = (found: Sighting['found']): Sighting => ({
    found,
    place: {
      kind: 'text',
      source: name,
      commit: null,
      path: null,
      object: null,
      line: found.line,
      column: found.column,
    },
  });
  return { name, sightings, gaps, bytesRead: counted.bytesRead };
}

/** The same chunks, counted as they go by. */
export function countedChunks(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly bytesRead: () => number;
} {
  let bytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      yield chunk;
    }
  }
  return { chunks: counted(), bytesRead: () => bytes };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'no code';
}
