import { findCandidates, type KeyRow } from '../db/reads/keys.js';
import type { KnownDigests } from '../domain/known-digests.js';
import { fitsPrefix, type Place, type Sighting, type Verdict, verdictOf } from '../domain/leak.js';
import type { Secret } from '../domain/secret.js';
import { digestOf, fingerprint, redactForeign } from '../domain/token.js';
import type { FoundToken } from '../domain/token-scan.js';
import type { Context } from './context.js';
import { knownTokens } from './known-tokens.js';

/** A token of ours that was found, and what the database says of it. */
export interface IdentifiedToken {
  /** By its locator, of an unknown one too, which has no key; of an imported key's token the key's. */
  readonly id: string;
  /** The key it belongs to; null when it is unknown here. */
  readonly row: KeyRow | null;
  readonly verdict: Verdict;
  /** Why it is unknown: there is no such key here, or there is one, and this is not its token. */
  readonly cause: 'no_such_key' | 'other_secret' | null;
  /** Of the token that was found; of a cut one the key's. */
  readonly fingerprint: string | null;
  /** `prefix_locator****`; of a token that is not of our form its first four characters. */
  readonly redacted: string;
  /** Whole, when it stood there whole. */
  readonly token: Secret | null;
  /** The first ones. */
  readonly places: readonly Place[];
  readonly times: number;
}

export interface Identified {
  /** Live ones first, then unknown, then dead. */
  readonly tokens: readonly IdentifiedToken[];
  /** Unknown tokens beyond those that are kept in mind. */
  readonly omitted: number;
}

/** Ids asked for in one statement. */
const batchSize = 500;
/** Places told of one token; how often it stood there is counted on. */
const mostPlaces = 20;
/** Anybody can make texts with a right checksum: of unknown ones so many are listed, the others counted. */
const mostUnknown = 10_000;
/** Ids that no key has, remembered so that the same noise is asked about once. */
const mostAbsent = 50_000;

interface Entry {
  readonly found: FoundToken;
  readonly fingerprint: string | null;
  readonly places: Place[];
  times: number;
}

/**
 * Which keys the sighted tokens belong to. Memory is bounded by the keys there are, not by what is read: what only looks
 * like a cut token is dropped as soon as no key has its locator.
 */
export async function identifyTokens(
  ctx: Context,
  sightings: (known: KnownDigests | null) => AsyncIterable<Sighting> | Iterable<Sighting>,
): Promise<Identified> {
  const digests = await knownTokens(ctx);
  const known = new Map<string, IdentifiedToken & { places: Place[]; times: number }>();
  const absent = new Set<string>();
  let waiting = new Map<string, Entry>();
  let unknown = 0;

  async function resolve(): Promise<void> {
    const entries = [...waiting.values()];
    waiting = new Map();
    const rows = await rowsOf(ctx, entries, digests);
    for (const entry of entries) {
      const token = identified(entry, rows);
      if (token === null) {
        if (absent.size < mostAbsent) absent.add(entry.found.id);
        continue;
      }
      const name = nameOf(token);
      const before = known.get(name);
      if (before !== undefined) add(before, entry);
      else if (token.row !== null || ++unknown <= mostUnknown) {
        known.set(name, { ...token, places: entry.places, times: entry.times });
      }
    }
  }

  for await (const { found, place } of sightings(digests)) {
    if (found.token === null && absent.has(found.id)) continue;
    const print = found.token === null ? null : fingerprint(found.token);
    const name = print ?? `${found.prefix}_${found.id}`;
    const entry = waiting.get(name) ?? { found, fingerprint: print, places: [], times: 0 };
    entry.times++;
    if (entry.places.length < mostPlaces) entry.places.push(place);
    waiting.set(name, entry);
    if (waiting.size >= batchSize) await resolve();
  }
  await resolve();
  return { tokens: inOrder([...known.values()]), omitted: Math.max(0, unknown - mostUnknown) };
}

interface Rows {
  readonly byId: ReadonlyMap<string, KeyRow>;
  /** Of imported keys that a digest proves. */
  readonly byFingerprint: ReadonlyMap<string, KeyRow>;
}

async function rowsOf(ctx: Context, entries: readonly Entry[], digests: KnownDigests | null): Promise<Rows> {
  const ids = [...new Set(entries.flatMap(({ found }) => (found.kind === 'foreign' ? [] : [found.id])))];
  // A key that was imported with a digest alone has an id of its own, though its token may have our form.
  const fingerprints = entries.flatMap(({ found, fingerprint: print }) =>
    print !== null && found.token !== null && digests?.has(digestOf(found.token)) === true ? [print] : [],
  );
  const wanted = { ids, fingerprints };
  const none = ids.length + fingerprints.length === 0;
  const rows = none ? [] : await ctx.db.read((orm) => findCandidates(orm, wanted));
  const weak = rows.filter((row) => row.key.weak === true);
  return {
    byId: new Map(rows.map((row) => [row.key.id, row])),
    byFingerprint: new Map(weak.map((row) => [row.key.fingerprint ?? '', row])),
  };
}

/** Null: the form of a cut token, and no key of ours. */
function identified(entry: Entry, { byId, byFingerprint }: Rows): IdentifiedToken | null {
  const { found } = entry;
  const shared = { id: found.id, token: found.token, places: entry.places, times: entry.times };
  const imported = byFingerprint.get(entry.fingerprint ?? '');
  if (imported !== undefined && found.token !== null) {
    const { id, status } = imported.key;
    const verdict = verdictOf(status);
    const redacted =
      found.kind === 'foreign' ? redactForeign(found.token) : `${found.prefix}_${found.locator}****`;
    return { ...shared, id, row: imported, verdict, cause: null, fingerprint: entry.fingerprint, redacted };
  }
  // Its fingerprint was known a moment ago.
  if (found.kind === 'foreign') return null;
  const row = byId.get(found.id) ?? null;
  if (found.token === null) {
    if (row === null || !fitsPrefix(found, row.key.prefix)) return null;
    const redacted = `${row.key.prefix}_${found.locator}****`;
    const { fingerprint: print, status } = row.key;
    return { ...shared, row, verdict: verdictOf(status), cause: null, fingerprint: print, redacted };
  }
  const redacted = `${found.prefix}_${found.locator}****`;
  const own = row !== null && row.key.fingerprint === entry.fingerprint;
  if (own) {
    const verdict = verdictOf(row.key.status);
    return { ...shared, row, verdict, cause: null, fingerprint: entry.fingerprint, redacted };
  }
  const cause = row === null ? 'no_such_key' : 'other_secret';
  return { ...shared, row: null, verdict: 'unknown', cause, fingerprint: entry.fingerprint, redacted };
}

/** A key is one token, whether it stood there whole or cut; unknown ones differ by their text. */
function nameOf(token: IdentifiedToken): string {
  return token.row?.key.id ?? token.fingerprint ?? token.redacted;
}

function add(token: { places: Place[]; times: number; token: Secret | null }, entry: Entry): void {
  token.times += entry.times;
  token.token ??= entry.found.token;
  token.places.push(...entry.places.slice(0, mostPlaces - token.places.length));
}

const order: Readonly<Record<Verdict, number>> = { live: 0, unknown: 1, dead: 2 };

function inOrder(tokens: readonly IdentifiedToken[]): IdentifiedToken[] {
  return [...tokens].sort((a, b) => order[a.verdict] - order[b.verdict]);
}
