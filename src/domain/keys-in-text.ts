import type { KnownDigests } from './known-digests.js';
import { parseReference, type Reference } from './reference.js';
import { allTokensIn } from './text-scan.js';
import type { FoundToken } from './token-scan.js';

/** What a piped text means: KEYs one by one, each of which has to be found, or a text in which tokens stand. */
export type KeysInText =
  | { readonly kind: 'references'; readonly references: readonly string[] }
  | { readonly kind: 'tokens'; readonly tokens: readonly FoundToken[] };

/** The longest line that can be a KEY: a name, or an external id. */
const longestKey = 256;

/**
 * The keys that a piped text means, each once, in order: JSON or NDJSON with `key_id` (as every list of ours prints it;
 * of `keys identify` the live ones), plain lines with a KEY each, or any text in which tokens of ours stand, whole or cut.
 * @param known the tokens of imported keys, which stand in a text like ours
 */
export function keysInText(raw: string, known: KnownDigests | null = null): KeysInText {
  const text = raw.replace(/^\ufeff/, '');
  const ids = keyIdsInJson(text);
  if (ids !== null) return { kind: 'references', references: unique(ids) };
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return isKeyList(keys, known)
    ? { kind: 'references', references: unique(keys) }
    : { kind: 'tokens', tokens: allTokensIn(text, known) };
}

/** KEYs stand alone on their lines. A token inside of a line, or whole tokens and nothing else, is a text that leaked. */
function isKeyList(lines: readonly string[], known: KnownDigests | null): boolean {
  const kinds = lines.map(kindOf);
  const alone = kinds.filter((kind) => kind === 'token' || kind === 'redacted').length;
  const found = allTokensIn(lines.join('\n'), known);
  const wholeLines = new Set(lines);
  const foreignAlone = found.filter(
    ({ kind, token }) => kind === 'foreign' && wholeLines.has(token?.reveal() ?? ''),
  ).length;
  const glued = found.length - alone - foreignAlone;
  return !kinds.includes(null) && glued === 0 && kinds.some((kind) => kind !== 'token');
}

/** Null: no KEY, but a line of some text. */
function kindOf(line: string): Reference['kind'] | null {
  if (line.length > longestKey || (/\s/.test(line) && !line.endsWith(' (rotated)'))) return null;
  try {
    return parseReference(line).kind;
  } catch {
    return null;
  }
}

function keyIdsInJson(text: string): readonly string[] | null {
  if (!/^\s*[[{]/.test(text)) return null;
  const found: string[] = [];
  let records = 0;
  for (const value of jsonValues(text) ?? []) records += collect(value, found);
  // A scanner's report is JSON without key_id: its tokens are looked for in the text.
  return records === 0 ? null : found;
}

/** One JSON value, or one a line; null when it is neither. */
function jsonValues(text: string): unknown[] | null {
  try {
    return [JSON.parse(text)];
  } catch {
    try {
      const lines = text.split('\n').filter((line) => line.trim() !== '');
      return lines.map((line) => JSON.parse(line) as unknown);
    } catch {
      return null;
    }
  }
}

/** Adds the ids of the records in a value and tells how many records there were, those without an id too. */
function collect(value: unknown, found: string[]): number {
  if (Array.isArray(value)) return value.reduce((count: number, each) => count + collect(each, found), 0);
  if (typeof value !== 'object' || value === null) return 0;
  if (!('key_id' in value)) return collect(Object.values(value), found);
  const { key_id: id, verdict = 'live' } = value as { key_id: unknown; verdict?: unknown };
  if (typeof id === 'string' && verdict === 'live') found.push(id);
  return 1;
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
