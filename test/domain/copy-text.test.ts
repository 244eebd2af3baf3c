import { describe, expect, it } from 'vitest';
import { copyRows } from '../../src/domain/copy-text.js';
import { copyOut } from '../render/export/copy-out.js';
import { storable } from '../render/export/payloads.js';

describe('rows of COPY’s text form', () => {
  it('are fields; a NULL is told from the text that looks like it', () => {
    expect(copyRows('a\t\\N\t\n\\\\N\tb\\tc\\nd\t\\\\.\n')).toEqual([
      ['a', null, ''],
      ['\\N', 'b\tc\nd', '\\.'],
    ]);
  });

  it('none are none', () => {
    expect(copyRows('')).toEqual([]);
  });

  it.each(storable)('bring back: %s', (_trick, text) => {
    expect(
      copyRows(
        copyOut([
          [text, 'x'],
          [null, text],
        ]).toString(),
      ),
    ).toEqual([
      [text, 'x'],
      [null, text],
    ]);
  });
});
