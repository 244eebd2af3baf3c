import { findCandidates, type KeyCandidates, type KeyRow } from '../db/reads/keys.js';
import { targetName } from '../db/settings.js';
import { exitCodes, KeyctlError, notFoundError } from '../domain/errors.js';
import {
  describeReference,
  parseReference,
  type Reference,
  refuseBrokenToken,
  shortestIdStart,
} from '../domain/reference.js';
import { baseName, rotatedName } from '../domain/rotated-name.js';
import { Secret } from '../domain/secret.js';
import { fingerprint } from '../domain/token.js';
import { isWord } from '../domain/word.js';
import type { Context } from './context.js';
import { asFound, isTokenOf } from './foreign-reference.js';

/** A key that a reference means, and the reference; a full token stays with it for a probe. */
export interface FoundKey {
  readonly reference: Reference;
  readonly row: KeyRow;
}

/** A reference that fits no key, beside others that do. */
export interface MissingKey {
  /** The reference as it may be printed. */
  readonly shown: string;
  /** Names the database that was looked in. */
  readonly error: KeyctlError;
}

export interface FindOptions {
  readonly interactive: boolean;
  /** Told of references that fit nothing, as long as another one does; without it one of them fails all. */
  readonly onMissing?: (missing: MissingKey) => void;
}

/** Statuses in which a key is its family's present one. */
const living = new Set(['pending', 'active', 'retiring', 'suspended', 'expired']);

/**
 * The keys that the given texts mean, in their order, each once. One read for all of them.
 * @throws KeyctlError 3 (none fits, naming the database), 2 (several fit, with the list), 2 (a broken token)
 */
export async function findKeys(
  ctx: Context,
  texts: readonly string[],
  options: FindOptions,
): Promise<FoundKey[]> {
  const references = texts.map((text) => withoutShortStart(parseReference(text), options.interactive));
  for (const reference of references) refuseUnclear(reference, options.interactive);
  const rows = await ctx.db.query((db) => findCandidates(db, candidatesOf(references)));

  const found = new Map<string, FoundKey>();
  const missing: MissingKey[] = [];
  for (const reference of references) {
    try {
      const row = choose(reference, rows, targetName(ctx.db.target));
      if (!found.has(row.key.id)) found.set(row.key.id, { reference: asFound(reference, row), row });
    } catch (error) {
      if (!(error instanceof KeyctlError) || error.exitCode !== exitCodes.notFound) throw error;
      missing.push({ shown: describeReference(reference), error });
    }
  }
  const [first] = missing;
  if (first !== undefined && (options.onMissing === undefined || found.size === 0)) throw first.error;
  for (const each of missing) options.onMissing?.(each);
  return [...found.values()];
}

/** Off a terminal a few characters are no start of an id: a script's typing error would hit whichever key begins so. */
function withoutShortStart(reference: Reference, interactive: boolean): Reference {
  if (reference.kind !== 'text' || interactive || (reference.idStart ?? '').length >= shortestIdStart)
    return reference;
  return { ...reference, idStart: null };
}

function refuseUnclear(reference: Reference, interactive: boolean): void {
  refuseBrokenToken(reference);
  if (reference.kind === 'id_start' && !interactive && reference.start.length < shortestIdStart) {
    throw new KeyctlError({
      code: 'usage',
      message: `KEY: ${reference.start} is too short: off a terminal the start of an id needs ${shortestIdStart} characters`,
      hint: 'keyctl keys show key_7Q2mK9xZ',
      exitCode: exitCodes.usage,
    });
  }
}

function candidatesOf(references: readonly Reference[]): KeyCandidates {
  const ids: string[] = [];
  const idStarts: string[] = [];
  const names: string[] = [];
  const externalIds: string[] = [];
  const fingerprints: string[] = [];
  for (const reference of references) {
    if (reference.kind === 'id' || reference.kind === 'redacted' || reference.kind === 'token')
      ids.push(reference.id);
    if (reference.kind === 'id_start') idStarts.push(reference.start);
    if (reference.kind === 'fingerprint') fingerprints.push(reference.fingerprint);
    if (reference.kind === 'external') externalIds.push(reference.externalId);
    if (reference.kind === 'name') names.push(...spellings(reference.name));
    if (reference.kind === 'text') {
      names.push(...spellings(reference.text));
      externalIds.push(reference.text);
      if (isWord(reference.text)) fingerprints.push(fingerprint(new Secret(reference.text)));
      if (reference.idStart !== null) idStarts.push(reference.idStart);
    }
  }
  return { ids, idStarts, names, externalIds, fingerprints };
}

/** A family is called by its name with or without ` (rotated)`, whichever of its keys bears it now. */
function spellings(name: string): string[] {
  return [...new Set([name, baseName(name), rotatedName(name)])];
}

function choose(reference: Reference, rows: readonly KeyRow[], where: string): KeyRow {
  const fitting = fittingRows(reference, rows);
  const [only, second] = fitting;
  if (only === undefined) {
    throw notFoundError(
      `key ${describeReference(reference)}`,
      where,
      'keyctl keys list, or keyctl keys identify with the leaked text',
    );
  }
  if (second !== undefined) throw ambiguous(reference, fitting);
  if (
    reference.kind === 'token' &&
    only.key.fingerprint !== null &&
    fingerprint(reference.token) !== only.key.fingerprint
  ) {
    throw notFoundError(
      `the token ${describeReference(reference)} (its locator is ${only.key.id}'s, but the secret part is not)`,
      where,
      `if that key is meant: keyctl keys show ${only.key.id}`,
    );
  }
  return only;
}

function fittingRows(reference: Reference, rows: readonly KeyRow[]): KeyRow[] {
  switch (reference.kind) {
    case 'id':
    case 'redacted':
    case 'token':
      return rows.filter((row) => row.key.id === reference.id);
    case 'id_start':
      return rows.filter((row) => row.key.id.startsWith(reference.start));
    case 'fingerprint':
    case 'foreign':
      return rows.filter((row) => row.key.fingerprint === reference.fingerprint);
    case 'external':
      return rows.filter((row) => row.key.externalId === reference.externalId);
    case 'name':
      return presentOfFamilies(rows, reference.name);
    case 'text': {
      const start = reference.idStart;
      const direct = rows.filter(
        (row) => row.key.externalId === reference.text || (start !== null && row.key.id.startsWith(start)),
      );
      const named = presentOfFamilies(rows, reference.text);
      const called = [...new Map([...direct, ...named].map((row) => [row.key.id, row])).values()];
      return called.length > 0 ? called : rows.filter((row) => isTokenOf(reference.text, row));
    }
    case 'broken_token':
      return [];
  }
}

/** One key for each family that bears the name: its living key with the highest version; dead families count only alone. */
function presentOfFamilies(rows: readonly KeyRow[], name: string): KeyRow[] {
  const names = new Set(spellings(name));
  const families = new Set(rows.filter((row) => names.has(row.key.name)).map((row) => row.key.familyId));
  const present = [...families].map((familyId) =>
    presentKey(rows.filter((row) => row.key.familyId === familyId)),
  );
  const alive = present.filter((row) => living.has(row.key.status));
  return alive.length > 0 ? alive : present;
}

function presentKey(family: readonly KeyRow[]): KeyRow {
  const byVersion = [...family].sort((a, b) => b.key.version - a.key.version);
  // `active` before a pending successor: a name means what is in use.
  const order = ['active', 'suspended', 'retiring', 'expired', 'pending'];
  for (const status of order) {
    const row = byVersion.find((candidate) => candidate.key.status === status);
    if (row !== undefined) return row;
  }
  const [newest] = byVersion;
  if (newest === undefined) throw new RangeError('a family has at least one key');
  return newest;
}

function ambiguous(reference: Reference, rows: readonly KeyRow[]): KeyctlError {
  const listed = rows.slice(0, 8).map((row) => `${row.key.id} (${row.key.name}, ${row.key.status})`);
  const more = rows.length > listed.length ? ` and ${rows.length - listed.length} more` : '';
  return new KeyctlError({
    code: 'ambiguous',
    message: `KEY: ${describeReference(reference)} fits ${rows.length} keys: ${listed.join(', ')}${more}`,
    hint: `give the id: ${rows[0]?.key.id ?? 'key_…'}`,
    exitCode: exitCodes.usage,
  });
}
