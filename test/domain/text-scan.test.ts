import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { textScanner } from '../../src/domain/text-scan.js';
import { mintToken } from '../../src/domain/token.js';

const token = mintToken('fie_alice', randomBytes).token.reveal();
const text = `zwei ü\n日本語 ${token}\n`;
const bigEndian = Buffer.from(`\ufeff${text}`, 'utf16le').swap16();

describe('textScanner', () => {
  it.each([
    ['UTF-8', Buffer.from(text), 5],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`), 5],
    ['UTF-16LE', Buffer.from(`\ufeff${text}`, 'utf16le'), 5],
    ['UTF-16BE', bigEndian, 5],
  ])('finds a token in %s, in chunks of any size, and tells where', (_what, bytes, column) => {
    const scanner = textScanner();
    for (const size of [1, 2, 3, 7, bytes.length]) {
      const found = [];
      for (let at = 0; at < bytes.length; at += size)
        found.push(...scanner.push(bytes.subarray(at, at + size)));
      found.push(...scanner.end());
      expect(found.map((each) => each.token?.reveal())).toEqual([token]);
      expect(found[0]).toMatchObject({ line: 2, column });
    }
  });

  it('carries nothing over into the next text', () => {
    const scanner = textScanner();
    const [head, tail] = [Buffer.from(token.slice(0, 30)), Buffer.from(token.slice(30))];
    for (let turn = 0; turn < 3; turn++) {
      expect([...scanner.push(head), ...scanner.end(), ...scanner.push(tail), ...scanner.end()]).toEqual([]);
      const found = [...scanner.push(Buffer.from(token)), ...scanner.end()];
      expect(found).toMatchObject([{ line: 1, column: 1, offset: 0 }]);
    }
    expect([...scanner.push(Buffer.from('x')), ...scanner.end()]).toEqual([]);
  });
});
