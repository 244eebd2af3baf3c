/** A JSON value that knows where it stands in its text, so that a mistake in it can be shown. */
export type PlacedJson =
  | { readonly kind: 'object'; readonly at: number; readonly fields: ReadonlyMap<string, PlacedJson> }
  | { readonly kind: 'array'; readonly at: number; readonly items: readonly PlacedJson[] }
  | { readonly kind: 'value'; readonly at: number; readonly value: string | number | boolean | null };

/** What is wrong, and at which character of the text. */
export class JsonMistake extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.name = 'JsonMistake';
    this.at = at;
  }
}

const deepest = 20;
const blank = /[ \t\n\r]*/y;
const text = /"(?:[^"\\\x00-\x1f]|\\.)*"/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;

/**
 * Reads JSON (RFC 8259) as `JSON.parse` does, and keeps the place of each value: Node's own errors name a place only now and
 * then. A field that stands twice is a mistake here.
 * @throws JsonMistake
 */
export function parsePlacedJson(source: string): PlacedJson {
  let at = 0;
  const value = read(0);
  skip();
  if (at < source.length) throw new JsonMistake(at, 'something follows the end');
  return value;

  function skip(): void {
    taken(blank);
  }

  function taken(form: RegExp): string | null {
    form.lastIndex = at;
    const found = form.exec(source)?.[0] ?? null;
    at += found?.length ?? 0;
    return found;
  }

  function read(depth: number): PlacedJson {
    skip();
    const start = at;
    if (depth > deepest) throw new JsonMistake(start, 'nested too deeply');
    if (source[at] === '{') return { kind: 'object', at: start, fields: fields(depth) };
    if (source[at] === '[') return { kind: 'array', at: start, items: items(depth) };
    const literal = taken(text) ?? taken(number) ?? taken(word);
    if (literal === null)
      throw new JsonMistake(start, start >= source.length ? 'it ends too early' : 'a value was expected');
    return { kind: 'value', at: start, value: literalValue(literal, start) };
  }

  function items(depth: number): PlacedJson[] {
    const found: PlacedJson[] = [];
    at += 1;
    if (closes(']')) return found;
    for (;;) {
      found.push(read(depth + 1));
      if (!goesOn(']')) return found;
    }
  }

  function fields(depth: number): Map<string, PlacedJson> {
    const found = new Map<string, PlacedJson>();
    at += 1;
    if (closes('}')) return found;
    for (;;) {
      skip();
      const start = at;
      const name = taken(text);
      if (name === null) throw new JsonMistake(start, 'the name of a field was expected, in quotes');
      const plain = String(literalValue(name, start));
      if (found.has(plain)) throw new JsonMistake(start, `${name} stands here twice`);
      skip();
      if (source[at] !== ':') throw new JsonMistake(at, 'a colon was expected');
      at += 1;
      found.set(plain, read(depth + 1));
      if (!goesOn('}')) return found;
    }
  }

  function closes(end: string): boolean {
    skip();
    if (source[at] !== end) return false;
    at += 1;
    return true;
  }

  /** True after a comma, false after the end. */
  function goesOn(end: string): boolean {
    if (closes(end)) return false;
    if (source[at] !== ',') throw new JsonMistake(at, `a comma or ${end} was expected`);
    at += 1;
    return true;
  }
}

function literalValue(literal: string, at: number): string | number | boolean | null {
  try {
    return JSON.parse(literal) as string | number | boolean | null;
  } catch {
    throw new JsonMistake(at, 'a text with an escape that JSON does not know');
  }
}

/** `4:17`: line and column from 1, in characters. */
export function lineAndColumn(source: string, at: number): string {
  const before = source.slice(0, at).split('\n');
  return `${before.length}:${[...(before.at(-1) ?? '')].length + 1}`;
}
