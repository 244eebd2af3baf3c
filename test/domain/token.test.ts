import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBase62, randomBase62 } from '../../src/domain/base62.js';
import { crc32, crc32Rewind, crc32Start } from '../../src/domain/crc32.js';
import { Secret } from '../../src/domain/secret.js';
import {
  fingerprint,
  matchesVerifier,
  mintToken,
  parseToken,
  redactToken,
  validPrefix,
  verifierOf,
} from '../../src/domain/token.js';

const prefixes = fc
  .stringMatching(/^[a-z][a-z0-9]{0,6}(_[a-z0-9]{1,6}){0,3}$/)
  .filter((prefix) => prefix.length <= 32);

describe('mintToken', () => {
  it('mints what parseToken reads, with 64 characters behind the prefix', () => {
    fc.assert(
      fc.property(prefixes, (prefix) => {
        const minted = mintToken(prefix, randomBytes);
        const text = minted.token.reveal();
        expect(text.slice(0, -64)).toBe(`${prefix}_`);
        expect(text.slice(-64)).toMatch(/^[0-9A-Za-z]{64}$/);
        expect(parseToken(text)).toEqual({
          kind: 'token',
          prefix,
          locator: minted.locator,
          id: `key_${minted.locator}`,
        });
      }),
    );
  });

  it('shows nothing of the secret however it is printed', () => {
    const minted = mintToken('kc', randomBytes);
    const secret = minted.token.reveal().slice(-52);
    for (const printed of [
      JSON.stringify(minted),
      inspect(minted, { depth: 9, showHidden: true }),
      `${minted.token}`,
    ]) {
      expect(printed).not.toContain(secret);
    }
  });

  it('refuses a prefix that no token can have', () => {
    for (const prefix of ['', 'Fie', '1a', 'a__b', '_a', 'a_', 'a-b', 'a'.repeat(33), 'a\n']) {
      expect(validPrefix(prefix), prefix).toBe(false);
      expect(() => mintToken(prefix, randomBytes)).toThrow(RangeError);
    }
  });

  it('rejects the bytes that would favour some characters', () => {
    // 248 to 255 modulo 62 would make 0-7 likelier; a source that gives them first is asked again.
    const rounds = [Uint8Array.of(248, 255, 250), Uint8Array.of(0, 61, 247)];
    expect(randomBase62(3, () => rounds.shift() ?? new Uint8Array(3))).toBe('0zz');
    expect(rounds).toHaveLength(0);
  });

  it('draws all 62 characters equally often', () => {
    const counts = new Map<string, number>();
    for (const character of randomBase62(62_000, randomBytes))
      counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).toBe(62);
    // 1000 expected each, standard deviation 31: seven of them is one run in ten thousand million.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(220);
  });
});

describe('parseToken', () => {
  it('names a changed character a wrong checksum or a wrong form, never a token', () => {
    const text = mintToken('fie_alice', randomBytes).token.reveal();
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
        (at, put) => {
          fc.pre(text[at] !== put);
          expect(parseToken(text.slice(0, at) + put + text.slice(at + 1)).kind).not.toBe('token');
        },
      ),
    );
  });

  it('takes any text without throwing', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseToken(text).kind === 'malformed'));
  });
});

describe('redactToken', () => {
  it('shows prefix and locator of what nearly is a token, and nothing of other texts', () => {
    expect(redactToken('fie_alice_7Q2mK9xZab3dSECRETSECRET')).toBe('fie_alice_7Q2mK9xZab3d****');
    for (const text of ['hunter2', 'sk-live-abcdefghijkl', 'A_7Q2mK9xZab3dxx', 'a_short', '']) {
      expect(redactToken(text)).toBe('****');
    }
  });
});

describe('verifiers', () => {
  it('match their own token and salt only', () => {
    const [token, other] = [mintToken('kc', randomBytes).token, mintToken('kc', randomBytes).token];
    const [salt, otherSalt] = [randomBytes(16), randomBytes(16)];
    const verifier = verifierOf(token, salt);
    expect(verifier).toHaveLength(32);
    expect(matchesVerifier(token, salt, verifier)).toBe(true);
    expect(matchesVerifier(other, salt, verifier)).toBe(false);
    expect(matchesVerifier(token, otherSalt, verifier)).toBe(false);
    expect(matchesVerifier(token, salt, verifier.slice(0, 31))).toBe(false);
    expect(matchesVerifier(token, salt, new Uint8Array())).toBe(false);
  });

  it('fingerprints are what sha256sum begins with', () => {
    expect(fingerprint(new Secret('test'))).toBe('sha256:9f86d081884c7d65');
  });
});

describe('crc32', () => {
  it('runs backwards to where it began', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let register = (zlibCrc32(bytes) ^ 0xffffffff) >>> 0;
        for (const byte of bytes.toReversed()) register = crc32Rewind(register, byte);
        expect(register).toBe(crc32Start);
      }),
    );
  });

  it('has the check value of the standard, and fits six digits', () => {
    expect(crc32('123456789')).toBe(0xcbf43926);
    expect(encodeBase62(0xffffffff, 6)).toBe('4gfFC3');
    expect(encodeBase62(0, 6)).toBe('000000');
  });
});
