import type { KeyRow } from '../db/reads/keys.js';
import { selectedKeys } from '../db/reads/selection.js';
import { targetName } from '../db/settings.js';
import { notFoundError } from '../domain/errors.js';
import type { KnownDigests } from '../domain/known-digests.js';
import type { Sighting } from '../domain/leak.js';
import type { Reference } from '../domain/reference.js';
import { fingerprint, parseToken } from '../domain/token.js';
import type { Context } from './context.js';
import { type FindOptions, type FoundKey, findKeys } from './find-keys.js';

/** Which keys a command works on: KEYs as typed, KEYs out of a pipe or a report, or a group by what they share. */
export interface KeyChoice {
  readonly references: readonly string[];
  /** A piped text: KEYs one by one, or a leak with tokens in it, of which those count that are live keys here. */
  readonly text?: string | undefined;
  /** Tokens that stood in a report: the live keys among them are meant. */
  readonly sightings?: Sightings | undefined;
  readonly owner?: string | undefined;
  readonly userId?: string | undefined;
  readonly workspace?: string | undefined;
  readonly prefix?: string | undefined;
  readonly family?: string | undefined;
}

type Sightings = (known: KnownDigests | null) => AsyncIterable<Sighting> | Iterable<Sighting>;

/** True when keys are meant by what they share, so that the person may not know how many there are. */
export function isGroup(choice: KeyChoice): boolean {
  const { owner, userId, workspace, prefix, family } = choice;
  return [owner, userId, workspace, prefix, family].some((value) => value !== undefined);
}

/**
 * The keys that are meant, each once.
 * @throws KeyctlError 3 when nothing fits, naming the database that was looked in; 2 when a KEY is not clear
 */
export async function selectKeys(
  ctx: Context,
  choice: KeyChoice,
  options: FindOptions & {
    /** Told of tokens of a text that are none of our live keys, so that their being left out can be said. */
    readonly onLeftOut?: (count: Readonly<Record<'dead' | 'unknown', number>>) => void;
  },
): Promise<FoundKey[]> {
  if (choice.text !== undefined) return await keysOfText(ctx, choice.text, options);
  if (choice.sightings !== undefined) return await sightedKeys(ctx, choice.sightings, options.onLeftOut);
  if (!isGroup(choice)) return await findKeys(ctx, choice.references, options);
  const { owner, userId, workspace, prefix } = choice;
  const families = choice.family === undefined ? [] : await findKeys(ctx, [choice.family], options);
  const familyIds = choice.family === undefined ? undefined : families.map((found) => found.row.key.familyId);
  const rows = await ctx.db.query((db) => selectedKeys(db, { owner, userId, workspace, prefix, familyIds }));
  if (rows.length === 0) {
    throw notFoundError('a living key of this selection', targetName(ctx.db.target), 'keyctl keys list');
  }
  return rows.map(byId);
}

async function keysOfText(
  ctx: Context,
  text: string,
  options: Parameters<typeof selectKeys>[2],
): Promise<FoundKey[]> {
  const { knownTokens } = await import('./known-tokens.js');
  const { keysInText } = await import('../domain/keys-in-text.js');
  const found = keysInText(text, await knownTokens(ctx));
  if (found.kind === 'references') return await findKeys(ctx, found.references, options);
  const place = { kind: 'text', source: 'stdin', commit: null, path: null, object: null } as const;
  const sightings = found.tokens.map((token) => ({
    found: token,
    place: { ...place, line: token.line, column: token.column },
  }));
  return await sightedKeys(ctx, () => sightings, options.onLeftOut);
}

async function sightedKeys(
  ctx: Context,
  sightings: Sightings,
  onLeftOut: (count: Record<'dead' | 'unknown', number>) => void = () => {},
): Promise<FoundKey[]> {
  const { identifyTokens } = await import('./identify-tokens.js');
  const { tokens, omitted } = await identifyTokens(ctx, sightings);
  const of = (verdict: string) => tokens.filter((token) => token.verdict === verdict).length;
  const leftOut = { dead: of('dead'), unknown: of('unknown') + omitted };
  const live = tokens.flatMap(({ id, row, token, verdict }) => {
    if (row === null || verdict !== 'live') return [];
    const shared = { id, prefix: row.key.prefix ?? '', locator: id.slice('key_'.length) };
    const own = token !== null && parseToken(token.reveal()).kind === 'token';
    const reference: Reference =
      token === null
        ? { kind: 'redacted', ...shared }
        : own
          ? { kind: 'token', token, ...shared }
          : { kind: 'foreign', token, fingerprint: fingerprint(token) };
    return [{ reference, row }];
  });
  if (live.length === 0) {
    throw notFoundError(
      `a live key (of the tokens in it ${leftOut.dead} are dead, ${leftOut.unknown} unknown)`,
      targetName(ctx.db.target),
      'keyctl keys identify FILE shows what is found and what is not',
    );
  }
  onLeftOut(leftOut);
  return live;
}

function byId(row: KeyRow): FoundKey {
  return { reference: { kind: 'id', id: row.key.id }, row };
}
