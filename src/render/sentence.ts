import { wrap } from './layout.js';
import type { View } from './renderer.js';
import { joinLines, type Safe } from './terminal-text.js';

/** A sentence in lines as wide as the terminal; a pipe gets it as one. */
export function sentence(text: Safe, view: View): Safe {
  return view.unbounded === true ? text : joinLines(wrap(text, view.columns));
}
