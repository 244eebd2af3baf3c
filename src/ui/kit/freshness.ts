import { roughDuration } from '../../domain/duration.js';
import type { Style } from '../../render/style.js';
import { clean, line, type Safe } from '../../render/terminal-text.js';

/** How old the picture is, and whether another is on its way. Times are milliseconds since 1970, of the screen's clock. */
export interface Freshness {
  readonly loadedAt: number | null;
  /** Since when a load is under way; null: none is. */
  readonly busySince: number | null;
  /** Why the last load failed; null: it did not. */
  readonly failure: string | null;
}

export const nothingLoaded: Freshness = { loadedAt: null, busySince: null, failure: null };

/** Shorter waits are not talked about. */
export const quietLoadMs = 300;

export function loadBegan(freshness: Freshness, now: number): Freshness {
  return { ...freshness, busySince: freshness.busySince ?? now };
}

export function loadEnded(now: number): Freshness {
  return { loadedAt: now, busySince: null, failure: null };
}

/** The last picture stays; what is said is how old it is. */
export function loadFailed(freshness: Freshness, failure: string): Freshness {
  return { ...freshness, busySince: null, failure };
}

/** What has to be said about the picture; null while it is fresh. */
export function freshnessLine(freshness: Freshness, now: number, style: Style): Safe | null {
  const { loadedAt, busySince, failure } = freshness;
  if (failure !== null) {
    // The age first: messages are long, and the line may be cut.
    const age =
      loadedAt === null ? line`nothing was loaded yet` : line`this picture is ${ageText(now - loadedAt)} old`;
    return style.warning(line`${style.sign.warning} ${age}: ${clean(failure)}`);
  }
  if (busySince !== null && now - busySince > quietLoadMs) {
    return style.muted(line`loading${style.glyph.ellipsis} ${ageText(now - busySince)}`);
  }
  return null;
}

function ageText(ms: number): Safe {
  return clean(roughDuration(Math.max(1, Math.round(ms / 1000))));
}
