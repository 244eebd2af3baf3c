import type { KeyRow } from '../db/reads/keys.js';
import { selectedKeys } from '../db/reads/selection.js';
import { targetName } from '../db/settings.js';
import { notFoundError } from '../domain/errors.js';
import type { Sighting } from '../domain/leak.js';
import type { Reference } from '../domain/reference.js';
import type { Context } from './context.js';
import { type FindOptions, type FoundKey, findKeys } from './find-keys.js';

/** Which keys a command works on: KEYs as typed, KEYs out of a pipe or a report, or a group by what they share. */
export interface KeyChoice {
  readonly references: readonly string[];
  /** Tokens that stood in a text or a report: the live keys among them are meant. */
  readonly sightings?: readonly Sighting[] | undefined;
  readonly owner?: string | undefined;
  readonly userId?: string | undefined;
  readonly workspace?: string | undefined;
  readonly prefix?: string | undefined;
  readonly family?: string | undefined;
}

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

async function sightedKeys(
  ctx: Context,
  sightings: readonly Sighting[],
  onLeftOut: (count: Record<'dead' | 'unknown', number>) => void = () => {},
): Promise<FoundKey[]> {
  const { identifyTokens } = await import('./identify-tokens.js');
  const { tokens, omitted } = await identifyTokens(ctx, sightings);
  const of = (verdict: string) => tokens.filter((token) => token.verdict === verdict).length;
  const leftOut = { dead: of('dead'), unknown: of('unknown') + omitted };
  const live = tokens.flatMap(({ id, row, token, verdict }) => {
    if (row === null || verdict !== 'live') return [];
    const shared = { id, prefix: row.key.prefix ?? '', locator: id.slice('key_'.length) };
    const reference: Reference =
      token === null ? { kind: 'redacted', ...shared } : { kind: 'token', token, ...shared };
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
