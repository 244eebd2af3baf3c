import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { knownDigests } from '../../src/domain/known-digests.js';
import { mintToken } from '../../src/domain/token.js';
import { wordScanner } from '../../src/domain/word-scan.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest();
const digitsOf = (texts: readonly string[]) =>
  texts.map((text) => sha256(text).toString('hex').slice(0, 16)).join('');

function scan(text: string, tokens: readonly string[], size = 100_000) {
  const known = knownDigests(digitsOf(tokens));
  if (known === null) throw new Error('no tokens');
  const scanner = wordScanner(known);
  const bytes = Buffer.from(text);
  const found = [];
  for (let at = 0; at < bytes.length; at += size) found.push(...scanner.push(bytes.subarray(at, at + size)));
  return [...found, ...scanner.end()];
}

const token = 'sk-live-Zx81pQr0Lk2v';

describe('wordScanner', () => {
  it.each([
    (t: string) => t,
    (t: string) => `Authorization: Bearer ${t},`,
    (t: string) => `Authorization:Bearer:${t};`,
    (t: string) => `{"key":"${t}"}`,
    (t: string) => `{key:${t}}`,
    (t: string) => `API_KEY=${t}`,
    (t: string) => `export API_KEY='${t}' # x`,
    (t: string) => `GET https://host/v1?a=b&key=${t}&c=d#top HTTP/1.1`,
    (t: string) => `https://user:${t}@host/path`,
    (t: string) => `https://host/keys/${t}/x`,
    (t: string) => `(${t}).`,
    (t: string) => `the key is ${t}. It`,
    (t: string) => `**${t}**`,
    (t: string) => `| ${t}|x |`,
    (t: string) => `“${t}” and ‘x’`,
    (t: string) => `<key>${t}</key>`,
    (t: string) => `a,${t},b`,
    (t: string) => `X-Key: ${t}\\n`,
    (t: string) => `${'x'.repeat(9000)};key=${t}`,
    (t: string) => `${'x'.repeat(4000)}=${t}=${'y'.repeat(5000)}`,
  ])('finds a token where people and programs write one: %s', (dress) => {
    for (const each of [
      token,
      'abc/def+GHI/jkl+MNO0==',
      'SG.aaaaaaaa.bbbbbbbbbbb_-',
      '0123456789abcdef',
      'x'.repeat(256),
    ]) {
      // A slash of the token's own cannot be told from one around it in the middle of a path.
      if (each.includes('/') && /user:|keys\/|x{4000}/.test(dress('t'))) continue;
      expect(
        scan(dress(each), [each]).map((found) => found.token?.reveal()),
        dress(each),
      ).toEqual([each]);
    }
  });

  it('tells line, column and offset, whatever the chunks', () => {
    const text = `ü x\n  KEY=${token} "${token}"\r\n${token}`;
    for (const size of [1, 2, 3, 7, 16, 1000]) {
      const places = scan(text, [token], size).map(({ line, column, offset, kind }) => [
        kind,
        line,
        column,
        offset,
      ]);
      expect(places, String(size)).toEqual([
        ['foreign', 2, 7, 11],
        ['foreign', 2, 29, 33],
        ['foreign', 3, 1, 56],
      ]);
    }
  });

  it('finds each token once in any noise, cut anywhere', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_-]{16,64}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { minLength: 1, maxLength: 5 }),
        fc.array(fc.string({ maxLength: 30 }), { minLength: 6, maxLength: 6 }),
        fc.integer({ min: 1, max: 200 }),
        (tokens, noise, size) => {
          const whole = tokens.map((each, at) => `${noise[at]} ${each}\n`).join('');
          const found = scan(whole, tokens, size).map((each) => each.token?.reveal());
          for (const each of tokens) expect(found).toContain(each);
          // Every hit is one of them: what is not known is never told.
          for (const each of found) expect(tokens).toContain(each);
        },
      ),
    );
  });

  it('leaves tokens of our own form to their own scanner, and words that are too short or long alone', () => {
    const own = mintToken('kc', randomBytes).token.reveal();
    const long = 'y'.repeat(257);
    expect(scan(`${own} shortword123456 ${long}`, [own, 'shortword123456', long])).toEqual([]);
  });

  it('is not led astray by a word that shares the slot of another one in its memory', () => {
    const noise = Array.from({ length: 100_000 }, (_, at) => `noise-word-number-${at}`).join(' ');
    expect(scan(`${noise} ${token} ${noise} ${token}`, [token])).toHaveLength(2);
  });
});

describe('knownDigests', () => {
  it('knows what it was given and nothing else, and is null when that is nothing', () => {
    const texts = Array.from({ length: 5000 }, (_, at) => `token-number-${at}`);
    const known = knownDigests(digitsOf(texts));
    expect(texts.every((text) => known?.has(sha256(text)))).toBe(true);
    expect(texts.some((text) => known?.has(sha256(`${text}x`)))).toBe(false);
    expect(knownDigests('')).toBeNull();
  });
});
