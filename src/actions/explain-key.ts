import type { Circumstances, Spent } from '../db/kernel-decisions.js';
import { type DecisionAt, decisionsFrom } from '../db/reads/decisions.js';
import { type EffectiveLimits, effectiveLimits } from '../db/reads/effective-limits.js';
import { blocksOf, type IpBlock } from '../db/reads/ip-blocks.js';
import { type Peaks, peaks, type RateUse, rateUse } from '../db/reads/key-usage.js';
import type { KeyRow } from '../db/reads/keys.js';
import type { Target } from '../db/settings.js';
import type { Decision } from '../domain/decision.js';
import type { Context } from './context.js';
import { spentOfLimits } from './show-key.js';
import { withinLimit } from './within-limit.js';

/** Why a key would be accepted or refused at a moment, and when that changes by itself. */
export interface Explanation {
  readonly target: Target;
  readonly row: KeyRow;
  readonly request: Circumstances;
  /** As PostgreSQL writes times. */
  readonly at: string;
  readonly status: string;
  readonly decision: Decision;
  /** Later moments at which the decision becomes another one, without anybody doing anything. */
  readonly changes: readonly DecisionAt[];
  /** The blocks that hit the address asked about. */
  readonly blocks: readonly IpBlock[];
  /** Those that hold at that moment. */
  readonly limits: EffectiveLimits;
  readonly rate: RateUse;
  /** Null when they were not known in time: a week of a busy key takes a second for every 2 M events. */
  readonly peaks: Peaks | null;
  readonly spent: Spent | null;
}

/** Asks the kernel; nothing is decided here. */
export async function explainKey(ctx: Context, row: KeyRow, request: Circumstances): Promise<Explanation> {
  const { id } = row.key;
  const [first, ...later] = await ctx.db.query((db) => decisionsFrom(db, id, request));
  if (first === undefined) throw new RangeError('the kernel decides about every key there is');
  const { ip = null } = request;
  return {
    target: ctx.db.target,
    row,
    request,
    ...first,
    changes: later.filter((each, at) => each.decision !== (later[at - 1] ?? first).decision),
    blocks: ip === null ? [] : await ctx.db.query((db) => blocksOf(db, ip, first.at)),
    limits: await ctx.db.query((db) => effectiveLimits(db, id, first.at)),
    rate: await ctx.db.query((db) => rateUse(db, id)),
    spent: await spentOfLimits(ctx, row, first.at),
    peaks: await withinLimit(ctx.db.query((db) => peaks(db, id))),
  };
}
