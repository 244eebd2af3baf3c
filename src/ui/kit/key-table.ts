import { padEnd, width } from '../../render/layout.js';
import type { Style } from '../../render/style.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';

/** One row of a screen's key table: what a key does, what the footer calls it, what the help says of it. */
export interface Binding<Command extends string> {
  readonly command: Command;
  /** As `Keystroke.name` has them; the first is the one that is shown. */
  readonly keys: readonly string[];
  /** One word for the footer; null: only the help shows it. */
  readonly label: string | null;
  /** What it does, in a few words. */
  readonly help: string;
  /** It changes something in the database: refused, and not offered, where nothing may be changed. */
  readonly changes?: boolean;
}

export function commandFor<Command extends string>(
  bindings: readonly Binding<Command>[],
  name: string,
): Binding<Command> | null {
  return bindings.find(({ keys }) => keys.includes(name)) ?? null;
}

/** `a ack  d dismiss …  ? help`: as many as the line has room for; the last binding always stands there. */
export function footerText(bindings: readonly Binding<string>[], columns: number, style: Style): Safe {
  const shown = bindings.filter(({ label }) => label !== null);
  const parts = shown.map(
    ({ keys, label }) => line`${style.accent(keyName(keys[0] ?? ''))} ${clean(label ?? '')}`,
  );
  const last = parts.pop();
  if (last === undefined) return line``;
  const gap = line`  `;
  let used = 1 + width(last);
  const fitting = parts.filter((part) => {
    used += width(part) + gap.length;
    return used <= columns;
  });
  return line` ${joinWith(gap, [...fitting, last])}`;
}

const keyColumns = 16;

/** One line a binding: all its keys, and what they do. */
export function helpLines(bindings: readonly Binding<string>[], style: Style): Safe[] {
  return bindings.map(({ keys, help }) => {
    const names = joinWith(line` `, keys.map(keyName));
    return line` ${style.accent(padEnd(names, keyColumns))} ${clean(help)}`;
  });
}

const shownAs: Readonly<Record<string, string>> = {
  pageup: 'pgup',
  pagedown: 'pgdn',
  escape: 'esc',
};

function keyName(name: string): Safe {
  return clean(shownAs[name] ?? name);
}
