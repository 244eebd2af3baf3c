import type { Style } from './style.js';
import { clean, type Safe } from './terminal-text.js';

/**
 * A series as one column a value, from the lowest to the highest bar; the scale begins at 0. Nothing at all is a dot, so that
 * a silent hour does not look like a little use.
 */
export function sparkline(values: readonly number[], { bars: eight, glyph }: Style): Safe {
  const bars = [...eight];
  const most = Math.max(...values, 0);
  const drawn = values.map((value) => {
    if (value <= 0) return glyph.dot;
    return bars[Math.min(bars.length - 1, Math.floor((value / most) * bars.length))] ?? '';
  });
  return clean(drawn.join(''));
}
