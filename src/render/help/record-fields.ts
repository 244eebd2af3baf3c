/** A record that programs read, field by field. Each is held true by test/commands/help-json.test.ts. */
export interface JsonRecord {
  /** The command, with the flag that makes it print another record; `(errors)` on stderr. */
  readonly printedBy: string;
  /** `keys[].name`: a field of each of a list; `details{}`: an object whose names depend on the case. */
  readonly fields: readonly string[];
}

export const words = (text: string): string[] => text.trim().split(/\s+/);

export const inside = (place: string, fields: readonly string[]): string[] =>
  fields.map((field) => `${place}.${field}`);
