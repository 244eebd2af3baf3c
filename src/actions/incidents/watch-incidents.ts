import type { IncidentNews } from '../../db/incident-news.js';
import { watchIncidents as watchInKernel } from '../../db/kernel-incidents.js';
import { type Context, changeOf } from '../context.js';

const hoursAtOnce = 500;

/** Looks at every hour in which events of linked keys came in, and tells what somebody has to hear of. */
export async function watchIncidents(ctx: Context): Promise<IncidentNews> {
  const reopened: IncidentNews['reopened'][number][] = [];
  const attempts: IncidentNews['attempts'][number][] = [];
  for (;;) {
    const news = await ctx.db.change(ctx.operationId, (db) => watchInKernel(db, changeOf(ctx), hoursAtOnce));
    reopened.push(...news.reopened);
    attempts.push(...news.attempts);
    if (news.looked < hoursAtOnce) return { reopened, attempts };
  }
}
