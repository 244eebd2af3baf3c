import { describe, expect, it } from 'vitest';
import { sparkline } from '../../src/render/sparkline.js';
import { styleFor } from '../../src/render/style.js';

const unicode = styleFor({ colorLevel: 0, unicode: true });
const ascii = styleFor({ colorLevel: 0, unicode: false });

describe('sparkline', () => {
  it.each([
    [[0, 1, 2, 3, 4, 5, 6, 7, 8], '·▂▃▄▅▆▇██', '._.-:=+*#'.replace('_.-:=+*#', '.-:=+*##')],
    [[5, 5], '██', '##'],
    [[0, 0], '··', '..'],
    [[1000, 1], '█▁', '#_'],
    [[], '', ''],
  ])('%j', (values, drawn, inAscii) => {
    expect(sparkline(values, unicode)).toBe(drawn);
    expect(sparkline(values, ascii)).toBe(inAscii);
  });
});
