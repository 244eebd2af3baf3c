import { describe, expect, it } from 'vitest';
import { linePainter, readAloudPainter } from '../../../src/ui/kit/painter.js';

const at = (row: number, text: string) => `\x1b[${row};1H${text}\x1b[K`;

describe('the painter of a terminal', () => {
  it('clears once and writes every line of the first frame', () => {
    expect(linePainter().paint('one\ntwo')).toBe(`\x1b[2J${at(1, 'one')}${at(2, 'two')}`);
  });

  it('writes only the lines that changed, each at its own place', () => {
    const painter = linePainter();
    painter.paint('one\ntwo\nthree');
    expect(painter.paint('one\n2\nthree')).toBe(at(2, '2'));
    expect(painter.paint('one\n2\nthree')).toBe('');
  });

  it('erases what stood below a shorter frame', () => {
    const painter = linePainter();
    painter.paint('one\ntwo\nthree');
    expect(painter.paint('one')).toBe('\x1b[2;1H\x1b[J');
  });

  it('writes the whole frame again after the terminal changed', () => {
    const painter = linePainter();
    painter.paint('one\ntwo');
    painter.forget();
    expect(painter.paint('one\ntwo')).toBe(`\x1b[2J${at(1, 'one')}${at(2, 'two')}`);
  });

  it('never clears the scrollback, which belongs to the shell', () => {
    const painter = linePainter();
    painter.paint('one\ntwo');
    painter.forget();
    expect(painter.paint('one')).not.toContain('\x1b[3J');
  });
});

describe('the painter for a screen reader', () => {
  it('says only what was not said by the frame before, and moves the cursor nowhere', () => {
    const painter = readAloudPainter();
    expect(painter.paint('REVIEW\n\nfirst of 2')).toBe('REVIEW\r\nfirst of 2\r\n');
    expect(painter.paint('REVIEW\n\nsecond of 2')).toBe('second of 2\r\n');
    expect(painter.paint('REVIEW\n\nfirst of 2')).toBe('first of 2\r\n');
    expect(painter.paint('REVIEW\n\nfirst of 2')).toBe('');
  });
});
