import { judgedUntil } from '../../db/reads/findings.js';
import { riskDays } from '../../domain/detect/anomaly-list.js';
import type { Context } from '../context.js';
import { judgeHistory } from './judge-history.js';
import { judgeLive, type LiveOptions } from './judge-live.js';
import type { Judged } from './judged.js';

const hourMs = 3_600_000;
/** What `judgeLive` looks at by itself. */
const liveHours = 3;
/** What is older is no part of any risk. */
const mostDays = riskDays;

/**
 * Live detection looks at the last hours. Whoever has not run it for longer, or never, has the time between walked through
 * first, each day against what was known before it: what began two nights ago is found where it began.
 */
export async function judgeSince(ctx: Context, judging: LiveOptions): Promise<Judged> {
  const judged = await judgeLive(ctx, judging);
  const now = new Date(judged.until);
  const seen = await ctx.db.query(judgedUntil);
  const earliest = now.getTime() - mostDays * 24 * hourMs;
  const from = Math.max(earliest, (seen ?? earliest) - hourMs);
  if (from >= now.getTime() - liveHours * hourMs) return judged;
  const before = await judgeHistory(ctx, { ...judging, since: new Date(from), until: now });
  return {
    ...judged,
    raised: [...before.raised, ...judged.raised],
    conservative: judged.conservative ?? before.conservative,
  };
}
