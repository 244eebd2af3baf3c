import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import {
  digestOf,
  fingerprint,
  hashScheme,
  matchesVerifier,
  parseToken,
  redactToken,
  verifierOf,
} from '../../src/domain/token.js';
import { tokensIn } from '../../src/domain/token-scan.js';

interface Vectors {
  hash_scheme: number;
  tokens: Record<
    | 'token'
    | 'prefix'
    | 'locator'
    | 'id'
    | 'checksum'
    | 'redacted'
    | 'sha256'
    | 'fingerprint'
    | 'salt'
    | 'verifier',
    string
  >[];
  not_tokens: { text: string; kind: string; why: string }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../docs/token-vectors.json', import.meta.url), 'utf8'),
);
const hex = (text: string) => Buffer.from(text, 'hex');

/** The published format once more, in other words than src/domain: bit by bit, and HKDF by its two HMACs. */
function checksum(text: string): string {
  let crc = 0xffffffffn;
  for (const byte of Buffer.from(text)) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0xedb88320n : crc >> 1n;
  }
  let rest = crc ^ 0xffffffffn;
  const digits: string[] = [];
  for (let at = 0; at < 6; at++) {
    digits.unshift(
      '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'[Number(rest % 62n)] ?? '?',
    );
    rest /= 62n;
  }
  return digits.join('');
}

function hkdf(token: string, salt: Buffer): string {
  const key = createHmac('sha256', salt).update(token).digest();
  return createHmac('sha256', key).update('keyctl/v1').update(Buffer.of(1)).digest('hex');
}

describe('docs/token-vectors.json', () => {
  it.each(vectors.tokens)('$token is what the format says', (vector) => {
    expect(vector.token.slice(0, -6) + checksum(vector.token.slice(0, -6))).toBe(vector.token);
    expect(vector.token).toBe(`${vector.prefix}_${vector.locator}${vector.token.slice(-52)}`);
    expect(createHash('sha256').update(vector.token).digest('hex')).toBe(vector.sha256);
    expect(hkdf(vector.token, hex(vector.salt))).toBe(vector.verifier);
  });

  it.each(vectors.tokens)('$token is what the program says', (vector) => {
    const token = new Secret(vector.token);
    const { prefix, locator, id } = vector;
    expect(parseToken(vector.token)).toEqual({ kind: 'token', prefix, locator, id });
    expect(redactToken(vector.token)).toBe(vector.redacted);
    expect(Buffer.from(digestOf(token)).toString('hex')).toBe(vector.sha256);
    expect(fingerprint(token)).toBe(vector.fingerprint);
    expect(Buffer.from(verifierOf(token, hex(vector.salt))).toString('hex')).toBe(vector.verifier);
    expect(matchesVerifier(token, hex(vector.salt), hex(vector.verifier))).toBe(true);
    expect(tokensIn(vector.token).map((found) => found.token?.reveal())).toEqual([vector.token]);
  });

  it.each(vectors.not_tokens)('is not fooled: $why', ({ text, kind }) => {
    expect(parseToken(text)).toEqual({ kind });
  });

  it('speaks of the scheme that is minted', () => {
    expect(vectors.hash_scheme).toBe(hashScheme);
    expect(vectors.tokens.length).toBeGreaterThanOrEqual(5);
    expect(vectors.tokens.some((vector) => vector.checksum.startsWith('0'))).toBe(true);
  });
});
