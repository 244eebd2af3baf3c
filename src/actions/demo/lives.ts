import { hashScheme, type MintedToken, mintToken, verifierOf } from '../../domain/token.js';
import { bytesOf, type Chance, chanceOf } from './chance.js';
import { families, rotating } from './families.js';
import type { Family } from './family.js';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
/** How far back the usage of the demo reaches. */
export const historyMs = 30 * dayMs;

/** One key of the demo with the moments of its life, in milliseconds since 1970. */
export interface Life {
  readonly family: Family;
  readonly version: number;
  readonly minted: MintedToken;
  readonly saltHex: string;
  readonly verifierHex: string;
  readonly createdAt: number;
  /** Null while pending. */
  readonly activatedAt: number | null;
  /** When its successor became active; null for a family's newest. */
  readonly replacedAt: number | null;
  readonly successor: string | null;
  readonly predecessor: string | null;
  /** From when on it is refused: revoked, suspended or expired. */
  readonly endedAt: number | null;
}

export interface Lives {
  readonly all: readonly Life[];
  /** The family whose rotation is under way: its old key and its new one. */
  readonly rotation: { readonly old: Life; readonly next: Life };
}

/**
 * The keys of the demo. Ids, tokens and salts come from the seed alone; the moments from the seed and the end of the
 * history, and move with it by whole weeks.
 */
export function livesOf(seed: number, anchor: number): Lives {
  const all = families.flatMap((family) => familyLives(seed, anchor, family));
  const [old, next] = all.filter((life) => life.family === rotating);
  if (old === undefined || next === undefined) throw new RangeError('a rotation takes two keys');
  return { all, rotation: { old, next } };
}

function familyLives(seed: number, anchor: number, family: Family): Life[] {
  // What happened to several keys in one command happened at one moment.
  const chance = chanceOf(seed, family.special === 'adopted' ? 'ingest' : `life/${family.name}`);
  const starts = [momentAgo(family.createdDaysAgo, anchor, chance), ...takeovers(family, anchor, chance)];
  const tokens = starts.map((_start, at) =>
    mintToken(family.prefix, bytesOf(seed, `${family.name}/${at + 1}`)),
  );
  const { end } = family;
  const ending = chanceOf(seed, `end/${family.owner}/${end?.daysAgo}`);
  const ended = end === undefined ? null : momentAgo(end.daysAgo, anchor, ending);
  return starts.map((createdAt, at) => {
    const minted = tokens[at] as MintedToken;
    const salt = Buffer.from(bytesOf(seed, `salt/${family.name}/${at + 1}`)(16));
    return {
      family,
      version: at + 1,
      minted,
      saltHex: salt.toString('hex'),
      verifierHex: Buffer.from(verifierOf(minted.token, salt)).toString('hex'),
      createdAt,
      activatedAt: activationOf(family, createdAt, anchor, chance),
      replacedAt: starts[at + 1] ?? null,
      successor: tokens[at + 1]?.id ?? null,
      predecessor: tokens[at - 1]?.id ?? null,
      endedAt: at === starts.length - 1 ? ended : null,
    };
  });
}

/** Some seconds later, when its secret was delivered; an adopted key was in use before anybody knew it. */
function activationOf(family: Family, createdAt: number, anchor: number, chance: Chance): number | null {
  if (family.special === 'pending') return null;
  if (family.special === 'adopted') return anchor - historyMs;
  return createdAt + Math.round(chance.between(2000, 20_000));
}

/** When each next version took over; the rotation that is under way began six to eleven hours ago. */
function takeovers(family: Family, anchor: number, chance: Chance): number[] {
  if (family === rotating) return [anchor - Math.round(chance.between(6, 11) * hourMs)];
  return (family.rotatedDaysAgo ?? []).map((days) => momentAgo(days, anchor, chance));
}

/** Whole days ago means in office hours (UTC) of that day, or of the Friday before; parts of a day are taken as they are. */
function momentAgo(days: number, anchor: number, chance: Chance): number {
  const exact = anchor - days * dayMs;
  if (!Number.isInteger(days)) return Math.round(exact);
  const midnight = Math.floor(exact / dayMs) * dayMs;
  const weekday = new Date(midnight).getUTCDay();
  const friday = weekday === 6 ? 1 : weekday === 0 ? 2 : 0;
  return midnight - friday * dayMs + Math.round(chance.between(9, 16) * hourMs);
}

/** What the kernel is told of the key. */
export function kernelKey(life: Life, fingerprint: string) {
  return {
    id: life.minted.id,
    prefix: life.minted.prefix,
    salt: life.saltHex,
    verifier: life.verifierHex,
    hash_scheme: hashScheme,
    fingerprint,
  };
}
