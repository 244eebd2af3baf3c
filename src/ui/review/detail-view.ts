import type { Style } from '../../render/style.js';

/** What the detail is drawn with. */
export interface DetailView {
  readonly columns: number;
  /** Rows there are; what matters less is left out first. Infinite where the text can be scrolled. */
  readonly rows: number;
  readonly style: Style;
  readonly now: number;
}
