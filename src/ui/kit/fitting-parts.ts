import type { Safe } from '../../render/terminal-text.js';

/** A part of a text: those of a lower rank are left out first where there is no room. */
export interface Part {
  readonly rank: number;
  readonly lines: readonly Safe[];
}

/** Whole parts first, by rank, in the order in which they are read; the last one that begins to fit is cut. */
export function fittingParts(parts: readonly Part[], rows: number): Safe[] {
  const kept = new Map<Part, number>();
  let left = rows;
  for (const part of parts.toSorted((a, b) => b.rank - a.rank)) {
    const taken = Math.min(left, part.lines.length);
    kept.set(part, taken);
    left -= taken;
  }
  return parts.flatMap((part) => part.lines.slice(0, kept.get(part) ?? 0));
}
