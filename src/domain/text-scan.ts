import { TextDecoder } from 'node:util';
import type { KnownDigests } from './known-digests.js';
import { type FoundToken, type TokenScanner, tokenScanner } from './token-scan.js';
import { wordScanner } from './word-scan.js';

/**
 * The scanner for files of unknown kind: UTF-8 or any bytes as they are, UTF-16 when a byte order mark says so, which is
 * how PowerShell writes what is redirected into a file. Offsets are then those of the same text in UTF-8.
 * @param known finds the tokens of imported keys too; null: there are none
 */
export function textScanner(known: KnownDigests | null = null): {
  push(chunk: Uint8Array): FoundToken[];
  end(): FoundToken[];
} {
  const scanners: readonly TokenScanner[] =
    known === null ? [tokenScanner()] : [tokenScanner(), wordScanner(known)];
  let first: Uint8Array | null = new Uint8Array(0);
  let decoder: TextDecoder | null = null;
  const scan = (text: Uint8Array | string) => scanners.flatMap((scanner) => scanner.push(text));

  function push(chunk: Uint8Array): FoundToken[] {
    let bytes = chunk;
    if (first !== null) {
      bytes = first.length === 0 ? chunk : Buffer.concat([first, chunk]);
      first = bytes.length < 2 ? bytes : null;
      if (first !== null) return [];
      decoder = decoderOf(bytes);
    }
    return scan(decoder === null ? bytes : decoder.decode(bytes, { stream: true }));
  }

  return {
    push,
    end() {
      const rest = decoder === null ? (first ?? '') : decoder.decode();
      first = new Uint8Array(0);
      decoder = null;
      return [...scan(rest), ...scanners.flatMap((scanner) => scanner.end())];
    },
  };
}

/** Every token in a text that is in memory already, also of imported keys. */
export function allTokensIn(text: string, known: KnownDigests | null): FoundToken[] {
  const scanner = textScanner(known);
  return [...scanner.push(Buffer.from(text)), ...scanner.end()];
}

function decoderOf(bytes: Uint8Array): TextDecoder | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be');
  return null;
}
