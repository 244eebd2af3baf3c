import { type Destination, parseDestination } from './destination.js';
import { KeyctlError, usageError } from './errors.js';
import { baseName } from './rotated-name.js';

/** Where each key's successor goes: the rules of a `--deliver-map` file, in its order. */
export interface DeliveryMap {
  readonly rules: readonly DeliveryRule[];
}

interface DeliveryRule {
  readonly kind: 'name' | 'prefix' | 'owner' | 'all';
  readonly value: string;
  readonly destinations: readonly Destination[];
}

/** What a rule may look at, and what fills its placeholders. */
export interface MappedKey {
  /** Of the new key. */
  readonly keyId: string;
  readonly name: string;
  readonly prefix: string;
  readonly ownerEmail: string | null;
}

const flag = '--deliver-map';
const example =
  '[{"key": "name:billing", "deliver": "env:/etc/billing/env#API_KEY"}, {"key": "*", "deliver": "file:/srv/keys/{id}"}]';

/**
 * Reads a map: a JSON array of `{"key": "name:N" | "prefix:P" | "owner:E" | "*", "deliver": SINK or [SINK, …]}`. Whatever is
 * wrong in it refuses all of it, before any key is minted. Throws a usage error naming the flag and the entry.
 */
export function parseDeliveryMap(text: string): DeliveryMap {
  const entries = jsonArray(text);
  const rules = entries.map((entry, at) => parseRule(entry, at + 1));
  const seen = new Map<string, number>();
  for (const [at, { kind, value }] of rules.entries()) {
    const twice = seen.get(`${kind}:${value}`) ?? seen.get('all:');
    if (twice !== undefined) throw wrong(at + 1, `is never reached: entry ${twice} takes its keys`);
    seen.set(`${kind}:${value}`, at + 1);
  }
  return { rules };
}

/** The destinations of the first rule that fits, with its placeholders filled; null when none does. */
export function mappedDestinations({ rules }: DeliveryMap, key: MappedKey): readonly Destination[] | null {
  const name = baseName(key.name);
  const known = { all: '', name, prefix: key.prefix, owner: key.ownerEmail?.toLowerCase() ?? null };
  const rule = rules.find(({ kind, value }) => known[kind] === value);
  return rule?.destinations.map((to) => filled(to, { id: key.keyId, name })) ?? null;
}

function jsonArray(text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usageError(flag, 'the file is not JSON', example);
  }
  if (!Array.isArray(value) || value.length === 0)
    throw usageError(flag, 'the file is no JSON array of entries', example);
  return value;
}

function parseRule(entry: unknown, at: number): DeliveryRule {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) throw wrong(at, 'is no object');
  const unknown = Object.keys(entry).find((name) => name !== 'key' && name !== 'deliver');
  if (unknown !== undefined) throw wrong(at, `has an unknown field ${JSON.stringify(unknown)}`);
  const { key, deliver } = entry as { readonly key?: unknown; readonly deliver?: unknown };
  const sinks = Array.isArray(deliver) ? deliver : [deliver];
  if (sinks.length === 0 || !sinks.every((sink) => typeof sink === 'string'))
    throw wrong(at, '"deliver" is a sink, or a list of sinks');
  const destinations = sinks.map((sink) => parseSink(sink, at));
  const names = destinations.map((to) => JSON.stringify(to));
  if (new Set(names).size < names.length) throw wrong(at, 'names a sink twice');
  return { ...parseSelector(key, at), destinations };
}

function parseSelector(key: unknown, at: number): Pick<DeliveryRule, 'kind' | 'value'> {
  if (key === '*') return { kind: 'all', value: '' };
  const [, kind, value] = /^(name|prefix|owner):(.+)$/s.exec(typeof key === 'string' ? key : '') ?? [];
  if (kind === undefined || value === undefined) throw wrong(at, '"key" is name:…, prefix:…, owner:… or *');
  if (kind === 'name') return { kind, value: baseName(value) };
  return kind === 'owner' ? { kind, value: value.toLowerCase() } : { kind: 'prefix', value };
}

function parseSink(text: string, at: number): Destination {
  try {
    const to = parseDestination(flag, text);
    if (to.kind === 'stdout') throw wrong(at, 'stdout is no place of its own for a key');
    const placeholder = /\{(?!id\}|name\})[^{}]*\}/.exec('path' in to ? to.path : '')?.[0];
    if (placeholder !== undefined)
      throw wrong(at, `${placeholder} is unknown: {id} and {name} are filled in`);
    return to;
  } catch (error) {
    if (!(error instanceof KeyctlError)) throw error;
    if (error.message.includes(`entry ${at}`)) throw error;
    throw wrong(at, error.message.replace(`${flag}: `, ''));
  }
}

/** Only paths have placeholders: a hook learns id and name from its environment, where they mean nothing else. */
function filled(to: Destination, values: { readonly id: string; readonly name: string }): Destination {
  if (!('path' in to)) return to;
  // Whoever may name a key must not choose a directory, or a hidden file, by it.
  if (to.path.includes('{name}') && !/^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$/.test(values.name)) {
    throw usageError(
      flag,
      `the name of ${values.id} cannot be a part of a path (${to.path})`,
      '{id} instead of {name}',
    );
  }
  return { ...to, path: to.path.replaceAll('{id}', values.id).replaceAll('{name}', values.name) };
}

function wrong(at: number, problem: string): KeyctlError {
  return usageError(flag, `entry ${at}: ${problem}`, example);
}
