import type { KnownDigests } from '../domain/known-digests.js';
import type { Place } from '../domain/leak.js';
import { textScanner } from '../domain/text-scan.js';
import type { FoundToken } from '../domain/token-scan.js';

export interface InObject {
  readonly found: FoundToken;
  readonly object: string;
  readonly kind: Place['kind'];
}

const kinds: Readonly<Record<string, Place['kind']>> = {
  blob: 'file',
  tree: 'file_name',
  commit: 'commit_message',
  tag: 'tag',
};

const newline = 0x0a;

/**
 * The tokens in what `git cat-file --batch` prints: for each object `<id> <type> <size>`, a newline, that many bytes and
 * a newline; an object that is not there is one line alone. Memory is flat, whatever the size of an object.
 */
export async function* gitObjects(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  known: KnownDigests | null = null,
): AsyncGenerator<InObject, void, void> {
  const scanner = textScanner(known);
  let object = { id: '', kind: 'file' as Place['kind'] };
  let header = '';
  /** Bytes of the object still to come; -1 while a header is read. The newline after an object is an empty header. */
  let remaining = -1;

  for await (const chunk of chunks) {
    let at = 0;
    while (at < chunk.length || remaining === 0) {
      if (remaining < 0) {
        const end = chunk.indexOf(newline, at);
        header += Buffer.from(chunk.subarray(at, end < 0 ? chunk.length : end)).toString('latin1');
        if (end < 0) break;
        at = end + 1;
        const [, id, type, size] = /^([0-9a-f]+) (blob|tree|commit|tag) (\d+)$/.exec(header) ?? [];
        header = '';
        if (id === undefined || type === undefined) continue;
        object = { id, kind: kinds[type] ?? 'file' };
        remaining = Number(size);
      } else {
        const part = chunk.subarray(at, at + remaining);
        for (const found of scanner.push(part)) yield { found, object: object.id, kind: object.kind };
        at += part.length;
        remaining -= part.length;
        if (remaining > 0) break;
        for (const found of scanner.end()) yield { found, object: object.id, kind: object.kind };
        remaining = -1;
      }
    }
  }
}
