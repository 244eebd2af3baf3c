import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kept, listStart, moved, selectedIndex, windowOf } from '../../../src/ui/kit/list-position.js';

const ids = (count: number) => Array.from({ length: count }, (_, at) => `id${at}`);

describe('a place in a list', () => {
  it('moves the window only as far as it must, and stops at both ends', () => {
    const list = ids(10);
    const down = moved(listStart, list, 3, 4);
    expect(down).toEqual({ selectedId: 'id3', top: 0 });
    expect(moved(down, list, 1, 4)).toEqual({ selectedId: 'id4', top: 1 });
    expect(moved(down, list, 99, 4)).toEqual({ selectedId: 'id9', top: 6 });
    expect(moved(down, list, -99, 4)).toEqual({ selectedId: 'id0', top: 0 });
  });

  it('keeps the selected record, on its line of the screen, when others come before it', () => {
    const before = ids(20);
    const place = { selectedId: 'id7', top: 5 };
    const after = ['new1', 'new2', 'new3', ...before];
    expect(kept(place, before, after, 4)).toEqual({ selectedId: 'id7', top: 8 });
  });

  it('selects what stands in its place when the record is gone', () => {
    const before = ids(5);
    const place = { selectedId: 'id2', top: 0 };
    expect(kept(place, before, ['id0', 'id1', 'id3', 'id4'], 4).selectedId).toBe('id3');
    expect(kept({ selectedId: 'id4', top: 1 }, before, ['id0'], 4)).toEqual({ selectedId: 'id0', top: 0 });
    expect(kept(place, before, [], 4)).toEqual({ selectedId: null, top: 0 });
  });

  it('counts what is above and below the window', () => {
    expect(windowOf({ selectedId: null, top: 3 }, 10, 4)).toEqual({ from: 3, to: 7, above: 3, below: 3 });
    expect(windowOf({ selectedId: null, top: 99 }, 3, 4)).toEqual({ from: 0, to: 3, above: 0, below: 0 });
  });

  it('whatever happens to the list, the selected record is in it, and in the window', () => {
    const lists = fc.array(
      fc.uniqueArray(
        fc.nat(30).map((n) => `id${n}`),
        { minLength: 1 },
      ),
      { minLength: 1 },
    );
    const steps = fc.integer({ min: -40, max: 40 });
    fc.assert(
      fc.property(lists, steps, fc.integer({ min: 1, max: 12 }), (changes, by, height) => {
        let place = listStart;
        let before: string[] = [];
        for (const after of changes) {
          const survives = place.selectedId !== null && after.includes(place.selectedId);
          const next = kept(place, before, after, height);
          if (survives) expect(next.selectedId).toBe(place.selectedId);
          place = moved(next, after, by, height);
          const { from, to } = windowOf(place, after.length, height);
          expect(after).toContain(place.selectedId);
          const index = selectedIndex(place, after);
          expect(index >= from && index < to).toBe(true);
          before = after;
        }
      }),
    );
  });
});
