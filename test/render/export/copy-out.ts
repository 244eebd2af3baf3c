import type { CopyField } from '../../../src/domain/copy-text.js';

const escapes: Readonly<Record<string, string>> = {
  ...{ '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\' },
};

/** Rows as `COPY … TO STDOUT` writes them (PostgreSQL's CopyAttributeOutText). */
export function copyOut(rows: readonly (readonly CopyField[])[]): Buffer {
  const field = (value: CopyField): string =>
    value === null ? '\\N' : value.replace(/[\b\f\n\r\t\v\\]/g, (letter) => escapes[letter] ?? letter);
  return Buffer.from(rows.map((row) => `${row.map(field).join('\t')}\n`).join(''));
}
