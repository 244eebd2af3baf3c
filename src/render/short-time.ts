import { clean, type Safe } from './terminal-text.js';

/** A moment to the minute, for headings and lines of a table: "2026-11-21T02:01Z". @param at RFC 3339, UTC */
export function shortTime(at: string): Safe {
  return clean(`${at.slice(0, 16)}Z`);
}
