import { wrap } from '../layout.js';
import type { Renderer } from '../renderer.js';
import { clean, joinLines, line } from '../terminal-text.js';
import { jsonRecords } from './json-records.js';

/** `keyctl help json`. */
export const jsonHelp: Renderer<null> = {
  text: (_value, view) =>
    joinLines([
      line`With --json (-o json) stdout is one JSON value, or empty; with -o ndjson one`,
      line`record a line. Times are RFC 3339 in UTC, durations seconds, absent values null.`,
      line`keys[].name is a field of each in a list, details{} has names of its own.`,
      ...jsonRecords.flatMap(({ printedBy, fields }) => [
        line``,
        view.style.strong(clean(printedBy)),
        ...wrap(clean(fields.join(' ')), view.columns - 2).map((part) => line`  ${part}`),
      ]),
    ]),
  json: () => ({ records: records() }),
  records,
  columns: ['printed_by', 'fields'],
};

function records() {
  return jsonRecords.map(({ printedBy, fields }) => ({ printed_by: printedBy, fields }));
}
