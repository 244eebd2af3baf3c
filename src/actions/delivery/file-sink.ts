import { unlink } from 'node:fs/promises';
import { Secret } from '../../domain/secret.js';
import { bodyLength, maxPrefixLength, parseToken } from '../../domain/token.js';
import { flushDirectory, readRegularFile } from './new-file.js';
import { placeFile, stagingName } from './place-file.js';
import type { Sink } from './sink.js';

const longestToken = maxPrefixLength + 1 + bodyLength;

/**
 * A new file with exactly the token in it (no newline: `sha256sum FILE` begins with the fingerprint), readable by its
 * owner alone from the first byte. It is in place before the key is active, so that nothing that could fail is left for
 * afterwards.
 * @param path absolute
 */
export function fileSink(path: string): Sink {
  let keyId: string | null = null;
  return {
    name: `file:${path}`,
    async stage(secret, key) {
      await placeFile({ path, content: secret.reveal(), keyId: key.keyId });
      keyId = key.keyId;
    },
    async commit() {},
    async discard() {
      // By what is in it: somebody else's file there may even have got the inode of ours.
      if (keyId === null || (await readBack(path, keyId)) === null) return;
      await unlink(path);
      await flushDirectory(path);
    },
    async recall(wanted) {
      const found = await readBack(path, wanted);
      // A run that was killed between linking and unlinking left its other name behind.
      await unlink(stagingName(path, wanted)).catch(() => {});
      if (found !== null) keyId = wanted;
      return found;
    },
  };
}

/** The token of that key, when it is all that stands in the file. */
async function readBack(path: string, keyId: string): Promise<Secret | null> {
  const text = (await readRegularFile(path, longestToken))?.toString();
  if (text === undefined) return null;
  const parsed = parseToken(text);
  return parsed.kind === 'token' && parsed.id === keyId ? new Secret(text) : null;
}
