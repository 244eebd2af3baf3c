/** The program as a shell's completion knows it: every command, flag and value that can be typed, without what they do. */
export interface CompletedProgram {
  readonly version: string;
  /** The first one is the root, whose path is empty and whose flags hold everywhere. */
  readonly commands: readonly CompletedCommand[];
}

export interface CompletedCommand {
  /** The words behind the program's name: `audit usage`. */
  readonly path: string;
  readonly leaves: readonly Described[];
  readonly flags: readonly CompletedFlag[];
  /** What stands at each place behind the path. */
  readonly values: readonly CompletedValue[];
}

export interface Described {
  readonly name: string;
  readonly summary: string;
}

export interface CompletedFlag {
  /** `-o` and `--output`. */
  readonly names: readonly string[];
  readonly summary: string;
  readonly takes: 'nothing' | 'a value' | 'perhaps a value' | 'several values';
  readonly value: CompletedValue;
}

/** What can be offered for a value. Words that end in a colon are the beginning of one, `file:`. */
export interface CompletedValue {
  readonly words: readonly string[];
  readonly files: 'files' | 'directories' | null;
}

/** A value, and where it stands: `revoke --code`, `audit report 0` for the first word behind the path. */
export interface PlacedValue {
  readonly places: readonly string[];
  readonly value: CompletedValue;
}

const marks: Readonly<Record<CompletedFlag['takes'], string>> = {
  nothing: '',
  'a value': '=',
  'perhaps a value': '?',
  'several values': '*',
};

/** A command's flags, each with a mark that says what it takes: `--code= --verify? --yes`. */
export function markedFlags({ flags }: CompletedCommand): string[] {
  return flags.flatMap(({ names, takes }) => names.map((name) => `${name}${marks[takes]}`));
}

/** All values that something can be offered for; places with the same value stand together. */
export function placedValues({ commands }: CompletedProgram): PlacedValue[] {
  const byValue = new Map<string, { places: string[]; value: CompletedValue }>();
  const place = (at: string, value: CompletedValue) => {
    if (value.words.length === 0 && value.files === null) return;
    const key = JSON.stringify(value);
    const known = byValue.get(key);
    if (known === undefined) byValue.set(key, { places: [at], value });
    else known.places.push(at);
  };
  for (const { path, flags, values } of commands) {
    for (const { names, value } of flags) for (const name of names) place(`${path} ${name}`, value);
    for (const [at, value] of values.entries()) place(`${path} ${at}`, value);
  }
  return [...byValue.values()];
}
