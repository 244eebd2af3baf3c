import { type SQL, sql } from 'drizzle-orm';
import { longestProduct, productPattern } from '../../domain/user-agent.js';

/** By what usage can be counted. */
export const dimensions = [
  'endpoint',
  'ip',
  'agent',
  'hour',
  'status',
  'model',
  'version',
  'key',
  'owner',
] as const;
export type Dimension = (typeof dimensions)[number];

/** The first product that a user agent names, as `parseUserAgent` has it (F20). */
const productOf = (agent: SQL): SQL =>
  sql`left(substring(${agent} from ${productPattern}::text), ${longestProduct}::int)`;

/** What an event counts as. */
export const values: Readonly<Record<Dimension, SQL>> = {
  endpoint: sql`endpoint`,
  ip: sql`ip_text`,
  agent: productOf(sql`user_agent`),
  hour: sql`date_trunc('hour', ts, 'UTC')`,
  status: sql`status`,
  model: sql`model`,
  version: sql`key_version`,
  key: sql`key_id`,
  owner: sql`email`,
};

const owned = sql`left join (
        select k.id as owned_id, o.email from keyctl.api_keys k join keyctl.owners o on o.owner_id = k.owner_id
      ) w on w.owned_id = key_id`;

/** The same in two steps, for counting: as it stands with the event, */
export function rawValue(by: Dimension): SQL {
  return by === 'agent' ? sql`user_agent` : values[by];
}

/**
 * and what such a `value` counts as, asked of each different one once and not of each event: 0.15 s for a million events of four
 * agents instead of 1.3 s. Null: as it is.
 */
export function namedValue(by: Dimension): SQL | null {
  return by === 'agent' ? productOf(sql`value`) : null;
}

/** The events with what they are counted by: an owner's e-mail does not stand in the log. */
export function eventsBy(by: Dimension): SQL {
  return by === 'owner' ? sql`keyctl.usage_events ${owned}` : sql`keyctl.usage_events`;
}
