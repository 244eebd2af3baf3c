import { type SQL, sql } from 'drizzle-orm';
import { arrayLiteral } from '../wire-types.js';
import { ofThisKey, type UsageFilter, usageConditions, windowConditions } from './usage-filter.js';

/** As `usageColumns` names them. The cost as a plain number, without the zeros at its end. */
const columns =
  sql.raw(`ts, key_id, id, key_version, method, endpoint, object, feature, status, ip_text, user_agent, bytes,
  latency_ms, tokens, cost_usd::float8 as cost_usd, model, request_id`);

/** Up to so many events of a key its index is walked; of more of them the server gathers all and sorts, 0.5 s for 170,000 instead of 0.7. */
const mostWalked = 100_000;

/** The newest events that fit, newest first, for a COPY: the order of `newestEvents`, in one statement. */
export function newestEventsStream(filter: UsageFilter, limit: number): SQL {
  const { keyIds } = filter;
  const last = sql`order by ts desc, key_id desc, id desc limit ${limit}::bigint`;
  if (keyIds === null || (keyIds.length === 1 && limit > mostWalked))
    return sql`select ${columns} from keyctl.usage_events where ${usageConditions(filter)} ${last}`;
  const where = sql.join([ofThisKey(filter), ...windowConditions(filter)], sql` and `);
  return sql`
    select e.* from unnest(${arrayLiteral(keyIds)}::text[]) as k (wanted) cross join lateral (
      select ${columns} from keyctl.usage_events where ${where}
      order by key_id desc, ts desc, id desc limit ${limit}::bigint) e
    ${last}`;
}
