import { line, type Safe } from './terminal-text.js';

/** How a suggested line begins: what follows a command on the demo database works there too. */
export function programName(demo: boolean): Safe {
  return demo ? line`keyctl --demo` : line`keyctl`;
}
