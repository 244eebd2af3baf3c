import { describe, expect, it } from 'vitest';
import { styleFor } from '../../../src/render/style.js';
import {
  freshnessLine,
  loadBegan,
  loadEnded,
  loadFailed,
  nothingLoaded,
} from '../../../src/ui/kit/freshness.js';

const plain = styleFor({ colorLevel: 0, unicode: true });
const said = (...[freshness, now]: [Parameters<typeof freshnessLine>[0], number]) =>
  freshnessLine(freshness, now, plain);

describe('how old the picture is', () => {
  it('is not talked about while it is fresh, or a load takes less than 300 ms', () => {
    expect(said(loadEnded(1000), 6000)).toBeNull();
    expect(said(loadBegan(loadEnded(1000), 6000), 6300)).toBeNull();
  });

  it('is said of a longer load, counted from its beginning', () => {
    const busy = loadBegan(loadBegan(loadEnded(1000), 6000), 8000);
    expect(said(busy, 9000)).toBe('loading… 3 s');
  });

  it('is said when a load failed, until one succeeds', () => {
    const failed = loadFailed(loadBegan(loadEnded(1000), 6000), 'database unreachable');
    expect(said(failed, 121_000)).toBe('● this picture is 2 m old: database unreachable');
    expect(said(loadEnded(121_000), 122_000)).toBeNull();
    expect(said(loadFailed(nothingLoaded, 'database unreachable'), 5)).toContain('nothing was loaded yet');
  });
});
