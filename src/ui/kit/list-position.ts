/** Where somebody is in a list: on which record, and which row is the first one shown. By id, because lists change. */
export interface ListPosition {
  readonly selectedId: string | null;
  /** Index of the first row in the window. */
  readonly top: number;
}

export const listStart: ListPosition = { selectedId: null, top: 0 };

/** What of the list is shown: rows `from` (included) to `to` (not included). */
export interface ListWindow {
  readonly from: number;
  readonly to: number;
  readonly above: number;
  readonly below: number;
}

export function windowOf({ top }: ListPosition, count: number, height: number): ListWindow {
  const from = clamp(top, 0, Math.max(0, count - height));
  const to = Math.min(count, from + Math.max(0, height));
  return { from, to, above: from, below: count - to };
}

/** The index of the selected record; 0 when nothing is selected yet, -1 in an empty list. */
export function selectedIndex({ selectedId }: ListPosition, ids: readonly string[]): number {
  if (ids.length === 0) return -1;
  return Math.max(0, selectedId === null ? 0 : ids.indexOf(selectedId));
}

/** Selects another record, `by` rows down or up; stops at both ends, and moves the window only as far as it must. */
export function moved(
  position: ListPosition,
  ids: readonly string[],
  by: number,
  height: number,
): ListPosition {
  const index = clamp(selectedIndex(position, ids) + by, 0, Math.max(0, ids.length - 1));
  return shownWith(index, position.top, ids, height);
}

/**
 * After the list changed: the same record stays selected, on the same line of the screen. When it is gone, the one that
 * stands in its place is selected.
 */
export function kept(
  position: ListPosition,
  before: readonly string[],
  after: readonly string[],
  height: number,
): ListPosition {
  if (after.length === 0) return { selectedId: null, top: 0 };
  const oldIndex = selectedIndex(position, before);
  const found = position.selectedId === null ? -1 : after.indexOf(position.selectedId);
  const index = found >= 0 ? found : clamp(oldIndex, 0, after.length - 1);
  const line = Math.max(0, oldIndex) - windowOf(position, before.length, height).from;
  return shownWith(index, index - line, after, height);
}

/** How many rows a command of the list moves, of a page and a whole of so many; null: it is none of the list. */
export function listStep(command: string, page: number, count: number): number | null {
  switch (command) {
    case 'down':
      return 1;
    case 'up':
      return -1;
    case 'page-down':
      return Math.max(1, page - 1);
    case 'page-up':
      return -Math.max(1, page - 1);
    case 'first':
      return -count;
    case 'last':
      return count;
    default:
      return null;
  }
}

function shownWith(index: number, top: number, ids: readonly string[], height: number): ListPosition {
  const lowest = Math.max(0, ids.length - height);
  const within = clamp(top, index - Math.max(1, height) + 1, index);
  return { selectedId: ids[index] ?? null, top: clamp(within, 0, lowest) };
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
