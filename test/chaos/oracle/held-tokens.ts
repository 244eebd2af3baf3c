import { createHash, hkdfSync } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Decrypter } from 'age-encryption';
import type { KeyFact } from './facts.js';

/** A token that somebody holds, and where. */
export interface HeldToken {
  readonly token: string;
  readonly file: string;
}

export interface TokenReader {
  /** In every file below, at any depth. */
  under(directories: readonly string[]): Promise<readonly HeldToken[]>;
  in(file: string): Promise<readonly HeldToken[]>;
}

const tokens = /[a-z][a-z0-9]*(?:_[a-z0-9]+)*_[0-9A-Za-z]{64}(?![0-9A-Za-z])/g;

/** Reads tokens out of files; remembers what it decrypted, which is slow. */
export function tokenReader(identity: string | null): TokenReader {
  const decrypted = new Map<string, string>();
  async function plainText(text: string): Promise<string> {
    if (identity === null || !text.startsWith('-----BEGIN AGE ENCRYPTED FILE-----')) return text;
    const known = decrypted.get(text);
    if (known !== undefined) return known;
    const plain = await decrypt(text, identity);
    decrypted.set(text, plain);
    return plain;
  }
  async function tokensIn(file: string): Promise<readonly HeldToken[]> {
    // Between listing and reading it may have been renamed into place, where it is read too.
    const text = await plainText(await readFile(file, 'utf8').catch(() => ''));
    return [...text.matchAll(tokens)].map(([token]) => ({ token, file }));
  }
  return {
    in: tokensIn,
    async under(directories) {
      const files = (await Promise.all(directories.map(filesUnder))).flat();
      return (await Promise.all(files.map(tokensIn))).flat();
    },
  };
}

/** Also those whose names begin with a dot: what is staged counts as held. */
async function filesUnder(directory: string): Promise<readonly string[]> {
  const entries: Dirent[] = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.map((entry) => {
      const path = join(directory, entry.name);
      return entry.isDirectory() ? filesUnder(path) : entry.isFile() ? [path] : [];
    }),
  );
  return found.flat();
}

/** A file that was cut off is held by nobody: it gives no text. */
async function decrypt(armored: string, identity: string): Promise<string> {
  const body = armored.replace(/-----[^-]+-----/g, '').replace(/\s/g, '');
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return await decrypter.decrypt(Buffer.from(body, 'base64'), 'text').catch(() => '');
}

/** The key of a token: found by its public part, proven by the rest. */
export function keyOf(keys: readonly KeyFact[], token: string): KeyFact | undefined {
  const id = `key_${token.slice(-64, -52)}`;
  const key = keys.find((each) => each.id === id);
  return key !== undefined && proves(token, key) ? key : undefined;
}

/** DESIGN 3, computed anew: HKDF-SHA-256 of the token, and the fingerprint that people compare. */
export function proves(token: string, { salt, verifier, fingerprint }: KeyFact): boolean {
  if (salt === null || verifier === null) return false;
  const derived = Buffer.from(hkdfSync('sha256', token, salt, 'keyctl/v1', 32));
  const printed = `sha256:${createHash('sha256').update(token).digest('hex').slice(0, 16)}`;
  return derived.equals(verifier) && printed === fingerprint;
}
