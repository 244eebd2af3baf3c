/** Where a variable's value stands in an env file: what is between `start` and `end`, without its quotes. */
interface Assignment {
  readonly variable: string;
  readonly exported: boolean;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** Why the value cannot be told: the dialects of env files (shell, systemd, dotenv, docker) would differ. */
  readonly unclear: string | null;
}

/** The whole file with the new value in it, or why that would be a guess. */
export type Replaced =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

const byteOrderMark = '\xef\xbb\xbf';

/**
 * The env file with `variable` set to `value`, and every other byte as it was: comments, order, `export`, quotes, line
 * ends, a missing last line break. A variable that is not there is added at the end, in the style of its neighbours.
 * @param text the file's bytes, one character each (latin1), so that what is no UTF-8 survives too
 * @param value needs no quotes (a token does not)
 */
export function replaceAssignment(text: string, variable: string, value: string): Replaced {
  const found = findAssignment(text, variable);
  if (typeof found === 'string') return { ok: false, problem: found };
  if (found === null) return { ok: true, text: text + appended(text, variable, value) };
  return { ok: true, text: text.slice(0, found.start) + value + text.slice(found.end) };
}

/** The value as it stands between its quotes; null when the variable is not there, or not clearly. */
export function assignedValue(text: string, variable: string): string | null {
  const found = findAssignment(text, variable);
  return found === null || typeof found === 'string' ? null : text.slice(found.start, found.end);
}

/** The one assignment, null when there is none, or what is wrong. */
function findAssignment(text: string, variable: string): Assignment | null | string {
  if (text.includes('\0')) return 'it is no env file (there are NUL bytes in it)';
  const all = [...assignments(text)];
  const open = all.find((each) => each.unclear === neverClosed);
  if (open !== undefined) return `${open.variable} on line ${open.line} ${neverClosed}`;
  const [own, second] = all.filter((each) => each.variable === variable);
  if (own === undefined)
    return text.endsWith('\\') ? 'a backslash ends it, which would join what is added' : null;
  if (second !== undefined) return `${variable} is assigned twice, on lines ${own.line} and ${second.line}`;
  return own.unclear === null ? own : `${variable} on line ${own.line} ${own.unclear}`;
}

const neverClosed = 'has quotes that are never closed';

/** At the start of a line: `NAME=`, and the blanks that dotenv allows around the sign. */
const assignmentStart = /[ \t]*(export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=/y;

function* assignments(text: string): Generator<Assignment> {
  let at = text.startsWith(byteOrderMark) ? byteOrderMark.length : 0;
  let joined = false;
  for (let line = 1; at < text.length; ) {
    assignmentStart.lastIndex = at;
    const [whole, exported, variable] = assignmentStart.exec(text) ?? [];
    let next = lineEnd(text, at);
    if (whole !== undefined && variable !== undefined) {
      const { next: behind, ...value } = valueAt(text, at + whole.length);
      const unclear = joined ? 'stands behind a line that a backslash may join to it' : value.unclear;
      yield { variable, exported: exported !== undefined, line, ...value, unclear };
      next = behind;
    }
    joined = /(^|[^\\])(\\\\)*\\\r?\n$/.test(text.slice(at, next));
    line += text.slice(at, next).split('\n').length - 1;
    at = next;
  }
}

/** `next` is where the line after the value begins. */
type Value = Pick<Assignment, 'start' | 'end' | 'unclear'> & { readonly next: number };

function valueAt(text: string, equals: number): Value {
  let start = equals;
  while (text[start] === ' ' || text[start] === '\t') start++;
  const quote = text[start] ?? '\n';
  return /['"`]/.test(quote) ? quoted(text, start + 1, quote) : unquoted(text, equals, start);
}

/** May span lines. Only double quotes know the backslash. */
function quoted(text: string, start: number, quote: string): Value {
  let end = start;
  while (end < text.length && text[end] !== quote) end += quote === '"' && text[end] === '\\' ? 2 : 1;
  if (end >= text.length) return { start, end: start, next: lineEnd(text, start), unclear: neverClosed };
  const next = lineEnd(text, end);
  const behind = text.slice(end + 1, next);
  const unclear = /^([ \t]*|[ \t]+#.*)\r?\n?$/.test(behind) ? null : 'goes on behind its closing quote';
  return { start, end, next, unclear };
}

/** Up to the end of the line, or to a blank and a comment. An empty one begins right behind its sign. */
function unquoted(text: string, equals: number, start: number): Value {
  const next = lineEnd(text, start);
  const rest = text.slice(equals, next).replace(/\r?\n$/, '');
  const comment = rest.search(/[ \t]#/);
  // Not trimEnd: read as latin1, half a letter of UTF-8 may look like a blank.
  const value = (comment < 0 ? rest : rest.slice(0, comment)).replace(/[ \t]+$/, '');
  const from = /[^ \t]/.test(value) ? start : equals;
  const end = equals + value.length;
  if (text[start] === '#' && comment < 0)
    return { start, end, next, unclear: 'is a comment to some readers' };
  return { start: from, end, next, unclear: value.endsWith('\\') ? 'goes on on the next line' : null };
}

function lineEnd(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  return newline < 0 ? text.length : newline + 1;
}

/** What comes behind the file's end for a variable that is not in it yet. */
function appended(text: string, variable: string, value: string): string {
  const lineBreak = /\r\n/.test(text) ? '\r\n' : '\n';
  const last = [...assignments(text)].at(-1);
  const assignment = `${last?.exported === true ? 'export ' : ''}${variable}=${value}`;
  if (text === '' || text.endsWith('\n')) return assignment + lineBreak;
  return lineBreak + assignment;
}
