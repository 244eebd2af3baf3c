import { clean, type Safe } from './terminal-text.js';

/** The text as one word of a POSIX shell's command line, for commands that are shown to be typed. */
export function shellWord(text: string): Safe {
  return clean(/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
}
