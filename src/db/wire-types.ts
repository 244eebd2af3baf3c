import type { PostgresType } from 'postgres';

/**
 * Arrays of PostgreSQL's own types, declared by their fixed OIDs. The driver would ask the server for them with a query per
 * connection (`fetch_types`), and without that question breaks arrays both ways (F36): one round trip saved, same result.
 * Parameters may be arrays or ready array literals (Drizzle sends literals).
 */
export const arrayTypes: Record<string, PostgresType> = Object.fromEntries(
  Object.entries({
    boolArray: { oid: 1000, parse: (text: string) => text === 't' },
    int2Array: { oid: 1005, parse: Number },
    int4Array: { oid: 1007, parse: Number },
    textArray: { oid: 1009, parse: String },
    varcharArray: { oid: 1015, parse: String },
    // As the driver does for single values: bigint and numeric stay text, because a JavaScript number loses digits.
    int8Array: { oid: 1016, parse: String },
    numericArray: { oid: 1231, parse: String },
    float8Array: { oid: 1022, parse: Number },
    inetArray: { oid: 1041, parse: String },
    cidrArray: { oid: 651, parse: String },
    timestamptzArray: { oid: 1185, parse: String },
    uuidArray: { oid: 2951, parse: String },
    byteaArray: { oid: 1001, parse: (text: string) => Buffer.from(text.slice(2), 'hex') },
  }).map(([name, { oid, parse }]) => [
    name,
    {
      to: oid,
      from: [oid],
      serialize: (value: unknown) => (typeof value === 'string' ? value : arrayLiteral(value as unknown[])),
      parse: (text: string) => parseArrayLiteral<unknown>(text, parse),
    },
  ]),
);

/**
 * What stays text both ways, as `drizzle(client)` would make it (F36): times keep their microseconds, and JSON parameters
 * are texts already, which the driver would quote once more. Set for every session, so that it makes no difference
 * whether Drizzle's builder is loaded on it.
 */
export const textTypes: Record<string, PostgresType> = {
  times: {
    to: 1184,
    from: [1082, 1083, 1114, 1184, 1182, 1115],
    serialize: String,
    parse: (text: string) => text,
  },
  json: {
    to: 114,
    from: [114, 3802],
    serialize: (text: unknown) => text,
    parse: (text: string) => JSON.parse(text),
  },
  jsonb: {
    to: 3802,
    from: [],
    serialize: (text: unknown) => text,
    parse: (text: string) => JSON.parse(text),
  },
};

/** `['a', null, 'b "c"']` → `{"a",NULL,"b \"c\""}`. One dimension; elements are quoted, so every text survives. */
export function arrayLiteral(values: readonly unknown[]): string {
  return `{${values.map(element).join(',')}}`;
}

function element(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  const text = Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : String(value);
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** Reads one dimension, as PostgreSQL writes it: bare or quoted elements, a bare NULL for null. */
export function parseArrayLiteral<T>(text: string, parse: (element: string) => T): (T | null)[] {
  const found: (T | null)[] = [];
  const token = /"((?:[^"\\]|\\.)*)"|([^,{}"]+)/gsy;
  token.lastIndex = 1;
  while (token.lastIndex < text.length - 1) {
    const match = token.exec(text);
    if (match === null) throw new RangeError('not an array of one dimension');
    if (match[1] !== undefined) found.push(parse(match[1].replace(/\\(.)/gs, '$1')));
    else found.push(match[2] === 'NULL' ? null : parse(match[2] ?? ''));
    token.lastIndex += 1; // the comma, or the closing brace
  }
  return found;
}
