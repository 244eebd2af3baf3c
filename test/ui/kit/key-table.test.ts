import { describe, expect, it } from 'vitest';
import { styleFor } from '../../../src/render/style.js';
import { type Binding, commandFor, footerText, helpLines } from '../../../src/ui/kit/key-table.js';

const plain = styleFor({ colorLevel: 0, unicode: true });
const bindings: readonly Binding<string>[] = [
  { command: 'revoke', keys: ['r'], label: 'revoke', help: 'revoke the key', changes: true },
  { command: 'down', keys: ['down', 'j'], label: null, help: 'the next one' },
  { command: 'help', keys: ['?'], label: 'help', help: 'this list' },
];

describe('a key table', () => {
  it('finds the command of any of its keys', () => {
    expect(commandFor(bindings, 'j')?.command).toBe('down');
    expect(commandFor(bindings, 'x')).toBeNull();
  });

  it('makes the footer, and help has room in it before anything else', () => {
    expect(footerText(bindings, 80, plain)).toBe(' r revoke  ? help');
    expect(footerText(bindings, 12, plain)).toBe(' ? help');
    expect(footerText([], 80, plain)).toBe('');
  });

  it('makes the help: every key of every command', () => {
    expect(helpLines(bindings, plain).map((text) => text.replace(/ +/g, ' '))).toEqual([
      ' r revoke the key',
      ' down j the next one',
      ' ? this list',
    ]);
  });
});
