import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutTokens } from '../../src/domain/cut-tokens.js';
import { mintToken } from '../../src/domain/token.js';
import { type FoundToken, scanTokens, tokenScanner, tokensIn } from '../../src/domain/token-scan.js';
import { heldBytes } from '../support/held-memory.js';

const mint = (prefix: string) => mintToken(prefix, randomBytes).token.reveal();
const alice = mint('fie_alice');
const bob = mint('kc');
const locatorOf = (token: string) => token.slice(-64, -52);
const textsOf = (found: readonly FoundToken[]) =>
  found.map(({ token, prefix, locator }) => token?.reveal() ?? `${prefix}_${locator}`);

describe('tokensIn', () => {
  it.each([
    ['a URL', (t: string) => `GET /v1/runs?api_key=${t}&page=2`],
    ['an escaped URL', (t: string) => `%20${t}%2f`],
    ['a lower-case escape', (t: string) => `x%2f${t}%3d`],
    ['JSON', (t: string) => `{"key":"${t}"}`],
    ['escaped JSON', (t: string) => `"a\\n${t}\\n"`],
    ['a longer word in front', (t: string) => `my_${t}`],
    ['an upper-case word in front', (t: string) => `Bearer${t}`],
    ['words glued to both ends', (t: string) => `abc0_${t}END0`],
    ['an underscore behind', (t: string) => `${t}_${t.slice(0, 3)}`],
    ['underscores in front', (t: string) => `___${t}`],
    ['binary', (t: string) => `\0\x01\x80${t}\xff\0`],
    ['CJK', (t: string) => `鍵は${t}です`],
    ['a mark behind', (t: string) => `${t}****`],
    ['quotes and commas', (t: string) => `'${t}',`],
  ])('finds a token in %s', (_where, dress) => {
    for (const token of [alice, bob, mint('a'), mint('x'.repeat(32)), mint('a_b_c_d')]) {
      const found = tokensIn(dress(token));
      expect(textsOf(found)).toEqual([token]);
      expect(found[0]?.id).toBe(`key_${locatorOf(token)}`);
    }
  });

  it('finds tokens that touch each other', () => {
    const all = [alice, bob, mint('a'), mint('zz9_9'), alice];
    expect(textsOf(tokensIn(all.join('')))).toEqual(all);
    expect(textsOf(tokensIn(all.join('_')))).toEqual(all);
  });

  it('leaves alone what only looks like a token', () => {
    const last = alice.at(-1) === '0' ? '1' : '0';
    for (const text of [
      `${alice.slice(0, -1)}${last}`,
      alice.slice(0, -1),
      `Fie_${'a'.repeat(64)}`,
      alice.slice(10),
      '',
      '_',
      alice.replace('_', '-').replace('_', '-'),
    ]) {
      expect(tokensIn(text), text).toEqual([]);
    }
  });

  it.each(['****', '**', '…', '...', '….', '•••', 'AbCd****', `${'x'.repeat(51)}…`])(
    'reads a token cut with %s',
    (mark) => {
      const text = `key=fie_alice_7Q2mK9xZab3d${mark} seen`;
      expect(tokensIn(text)).toEqual([
        {
          kind: 'redacted',
          token: null,
          id: 'key_7Q2mK9xZab3d',
          prefix: 'fie_alice',
          locator: '7Q2mK9xZab3d',
          line: 1,
          column: 5,
          offset: 4,
        },
      ]);
    },
  );

  it.each(['*', '..', ' ', '', '—', '…'.slice(0, 0)])(
    'does not take a locator without a cut for a token: %s',
    (mark) => {
      expect(tokensIn(`fie_alice_7Q2mK9xZab3d${mark} x`)).toEqual([]);
      expect(tokensIn(`fie_alice_7Q2mK9xZab3${mark}****`)).toEqual([]);
    },
  );

  it('tells line, column in characters and offset in bytes', () => {
    const text = `first\r\nzwei ü\n\n日本語🚀 ${alice} ${bob}\n${bob}`;
    expect(tokensIn(text).map(({ line, column, offset }) => [line, column, offset])).toEqual([
      [4, 6, Buffer.byteLength(text.slice(0, text.indexOf(alice)))],
      [4, 7 + alice.length, Buffer.byteLength(text.slice(0, text.indexOf(bob)))],
      [5, 1, Buffer.byteLength(text.slice(0, text.lastIndexOf(bob)))],
    ]);
  });
});

describe('tokenScanner', () => {
  const noise = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.stringMatching(/^[a-z0-9_]{0,80}$/),
    fc.constantFrom('\n', '_', '…', '🚀', alice.slice(0, 40), '_'.repeat(70)),
  );
  const piece = fc.oneof(noise, fc.constantFrom(alice, bob, 'fie_alice_7Q2mK9xZab3d****', 'a_7Q2mK9xZab3d…'));

  it('finds the same however the text is cut into chunks, as bytes or strings', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
        (pieces, sizes) => {
          const text = pieces.join('');
          const expected = tokensIn(text);
          for (const source of [text, Buffer.from(text)]) {
            const scanner = tokenScanner();
            const found: FoundToken[] = [];
            for (let from = 0, turn = 0; from < source.length; turn++) {
              const size = sizes[turn % sizes.length] ?? 1;
              found.push(...scanner.push(source.slice(from, from + size)));
              from += size;
            }
            expect(found.concat(scanner.end())).toEqual(expected);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds every token at every place of a border between its own pieces', () => {
    for (let before = 65_400; before < 65_700; before++) {
      const found = tokensIn(`${' '.repeat(before)}${alice} ${bob}`);
      expect(found.map(({ offset }) => offset)).toEqual([before, before + alice.length + 1]);
    }
  });

  it('waits for the whole of the longest cut token, mark included', () => {
    const cut = `fie_alice_7Q2mK9xZab3d${'x'.repeat(51)}...`;
    for (let at = 1; at < cut.length; at++) {
      const scanner = tokenScanner();
      const found = [...scanner.push(cut.slice(0, at)), ...scanner.push(cut.slice(at)), ...scanner.end()];
      expect(textsOf(found), `cut at ${at}`).toEqual(['fie_alice_7Q2mK9xZab3d']);
    }
  });

  it('reads a line of 100 MB in constant memory, and what stands at its end', async () => {
    const chunk = Buffer.alloc(1 << 20, 'abcdefghij_klm ');
    const before = heldBytes();
    let held = 0;
    async function* source() {
      for (let at = 0; at < 100; at++) yield Buffer.from(chunk);
      held = heldBytes();
      yield alice;
    }
    const found: FoundToken[] = [];
    for await (const one of scanTokens(source())) found.push(one);
    expect(textsOf(found)).toEqual([alice]);
    expect(found[0]).toMatchObject({ line: 1, column: 100 * (1 << 20) + 1, offset: 100 * (1 << 20) });
    expect(held - before).toBeLessThan(50 << 20);
  });

  it('prints no token when a find is printed', () => {
    expect(JSON.stringify(tokensIn(alice))).not.toContain(alice.slice(-52));
  });
});

describe('cutTokens', () => {
  it('cuts every token to prefix, locator and stars, and touches nothing else', () => {
    expect(cutTokens(`/v1?k=${alice}&j=${bob}x`)).toEqual({
      text: `/v1?k=fie_alice_${locatorOf(alice)}****&j=kc_${locatorOf(bob)}****x`,
      ids: [`key_${locatorOf(alice)}`, `key_${locatorOf(bob)}`],
    });
    const near = `${alice.slice(0, -1)}-${'é_'.repeat(40)}`;
    expect(cutTokens(near)).toEqual({ text: near, ids: [] });
  });

  it('cuts the shortest token there can be', () => {
    const shortest = mint('a');
    expect(cutTokens(shortest)).toEqual({
      text: `a_${locatorOf(shortest)}****`,
      ids: [`key_${locatorOf(shortest)}`],
    });
  });

  it('leaves no token behind, whatever stands around it', () => {
    const around = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.stringMatching(/^[a-z0-9_]{0,40}$/),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(around, fc.constantFrom(alice, bob)), { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        const cut = cutTokens(text);
        expect(cut.text).not.toContain(alice.slice(-52));
        expect(cut.text).not.toContain(bob.slice(-52));
        expect(tokensIn(cut.text).filter((found) => found.kind === 'full')).toEqual([]);
        // Once cut, a text stays as it is.
        expect(cutTokens(cut.text)).toEqual({ text: cut.text, ids: [] });
        if (cut.ids.length === 0) expect(cut.text).toBe(text);
      }),
    );
  });

  it('finds what the scanner finds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.stringMatching(/^[a-z_]{0,9}$/), fc.constantFrom(alice, bob))),
        (pieces) => {
          const text = pieces.join('');
          expect(cutTokens(text).ids).toEqual(
            tokensIn(text)
              .filter(({ kind }) => kind === 'full')
              .map(({ id }) => id),
          );
        },
      ),
    );
  });
});
