import type { Connection } from '../../src/db/connect.js';

/** One row of usage_events, by the names of its columns; what is absent is null. */
export interface EventSeed {
  readonly ts: string;
  readonly key_id: string;
  readonly id: string;
  readonly key_version?: number;
  readonly method?: string;
  readonly endpoint?: string | null;
  readonly object?: string;
  readonly status?: number | null;
  readonly ip?: string | null;
  readonly ip_text?: string | null;
  readonly user_agent?: string | null;
  readonly bytes?: number;
  readonly latency_ms?: number;
  readonly tokens?: number;
  readonly cost_usd?: number;
  readonly model?: string;
}

/** Writes the events as they are, past the gateway's function: its rules are not what is tested here. */
export async function seedEvents({ sql }: Connection, events: readonly EventSeed[]): Promise<void> {
  const days = [...new Set(events.map((event) => event.ts.slice(0, 10)))];
  await sql`select keyctl.ensure_partitions(array(select jsonb_array_elements_text(${JSON.stringify(days)}::text::jsonb)::date))`;
  await sql`insert into keyctl.usage_events (ts, key_id, id, key_version, method, endpoint, object, feature, status, ip, ip_text,
      user_agent, bytes, latency_ms, tokens, cost_usd, model, request_id)
    select ts, key_id, id, key_version, method, endpoint, object, feature, status, ip, ip_text, user_agent, bytes, latency_ms,
      tokens, cost_usd, model, request_id from jsonb_populate_recordset(null::keyctl.usage_events, ${JSON.stringify(events)}::text::jsonb)`;
}

let crowds = 0;

/** Writes so many events of one hour, of these keys in turn, with a few endpoints and addresses. */
export async function seedCrowd(
  { sql }: Connection,
  {
    keys,
    hour,
    events,
  }: { readonly keys: readonly string[]; readonly hour: string; readonly events: number },
): Promise<void> {
  crowds += 1;
  await sql`select keyctl.ensure_partitions(array[${hour.slice(0, 10)}::text::date])`;
  await sql`
    insert into keyctl.usage_events (ts, key_id, id, endpoint, ip_text, status, bytes, tokens, cost_usd)
    select ${hour}::text::timestamptz + n * interval '3599 seconds' / ${events}::int, k.ids ->> (n % jsonb_array_length(k.ids)),
      'crowd ' || ${crowds}::int || '.' || n, '/v1/' || n % 5, '192.0.2.' || n % 4, (array[200, 401, 429, 500, null])[n % 5 + 1],
      n, n % 3, 0.5
    from generate_series(0, ${events}::int - 1) n, (select ${JSON.stringify(keys)}::text::jsonb as ids) k`;
}

/** Numbers that look random and are the same in every run. */
export function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}
