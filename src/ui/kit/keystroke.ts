import type { Key } from 'ink';

/** What was pressed. */
export interface Keystroke {
  /** As key tables name it: `a`, `R`, `/`, `up`, `enter`, `escape`, `space`, `ctrl-c`; `paste` for pasted text. */
  readonly name: string;
  /** What it types into a field; empty for keys that type nothing. */
  readonly text: string;
}

/** Asks the terminal to mark what is pasted: else its letters would be commands. */
export const markPastes = '\x1b[?2004h';
export const markNoPastes = '\x1b[?2004l';
// Without the escape character, which Ink takes away.
const pasteBegins = '[200~';
const pasteEnds = '[201~';

const named: readonly (readonly [keyof Key, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['tab', 'tab'],
  ['backspace', 'backspace'],
  // Ink calls the DEL that most terminals send for Backspace `delete`.
  ['delete', 'backspace'],
];

/**
 * Reads what Ink makes of the terminal's input: several letters may come at once when somebody types fast, and a paste comes
 * in pieces between two marks.
 */
export function keystrokeReader(): (input: string, key: Key) => Keystroke[] {
  let pasted: string | null = null;
  return (input, key) => {
    if (pasted === null && input === pasteBegins) {
      pasted = '';
      return [];
    }
    if (pasted !== null) {
      if (input !== pasteEnds) {
        pasted += key.return ? ' ' : input;
        return [];
      }
      const text = oneLine(pasted);
      pasted = null;
      return [{ name: 'paste', text }];
    }
    return pressed(input, key);
  };
}

function pressed(input: string, key: Key): Keystroke[] {
  const [, name] = named.find(([flag]) => key[flag] === true) ?? [];
  if (name !== undefined) return [{ name, text: '' }];
  if (key.ctrl) return [{ name: `ctrl-${input}`, text: '' }];
  if (key.meta) return [];
  return Array.from(input, keystrokeOf);
}

function keystrokeOf(character: string): Keystroke {
  if (character === ' ') return { name: 'space', text: ' ' };
  if (character === '\r' || character === '\n') return { name: 'enter', text: '' };
  if (character === '\x7f' || character === '\b') return { name: 'backspace', text: '' };
  if (character === '\t') return { name: 'tab', text: '' };
  const code = character.charCodeAt(0);
  // Ctrl with a letter, as it comes among others when somebody types fast.
  if (code >= 0x01 && code <= 0x1a) return { name: `ctrl-${String.fromCharCode(code + 0x60)}`, text: '' };
  return code < 0x20 ? { name: '', text: '' } : { name: character, text: character };
}

function oneLine(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim();
}
