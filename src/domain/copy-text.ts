/** A field of a row in COPY's text form; null is NULL. */
export type CopyField = string | null;

/** What a letter after a backslash stands for; every other character stands for itself. */
const letters: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Whole rows of a `COPY … TO STDOUT`, each ended by a newline, as fields. A tab or newline inside a value is always escaped. */
export function copyRows(text: string): CopyField[][] {
  const lines = text.split('\n');
  lines.pop();
  return lines.map((row) => row.split('\t').map(copyField));
}

/** The value of one field as it stands in the row. */
export function copyField(field: string): CopyField {
  if (!field.includes('\\')) return field;
  return field === '\\N'
    ? null
    : field.replace(/\\(.)/g, (_both, letter: string) => letters[letter] ?? letter);
}
