import { randomBytes, randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';

export function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString();
}

/** A key that is there and in use; nobody holds its token. */
export async function plantUsedKey(sql: Sql): Promise<string> {
  const locator = randomBytes(16).toString('base64').replace(/\W/g, '').slice(0, 12).padEnd(12, '0');
  const key = {
    id: `key_${locator}`,
    prefix: 'kc',
    hash_scheme: 1,
    fingerprint: `sha256:${randomBytes(8).toString('hex')}`,
  };
  const hashes = { salt: randomBytes(16).toString('hex'), verifier: randomBytes(32).toString('hex') };
  const operation = randomUUID();
  await sql`select keyctl.create_key(${operation}::uuid, '{}'::jsonb, ${JSON.stringify({ ...key, ...hashes })}::text::jsonb,
    null, ${JSON.stringify({ name: `used-${locator}`, scopes: [] })}::text::jsonb)`;
  await sql`select keyctl.activate_key(${operation}::uuid, '{}'::jsonb, ${key.id}, '{planted}')`;
  return key.id;
}

/** `times` requests of a key, evenly over the hours before a moment. */
export async function plantEvents(
  sql: Sql,
  keyId: string,
  { times, before, hours }: { times: number; before: string; hours: number },
) {
  await sql`select keyctl.ensure_partitions(array(
    select (${before}::text::timestamptz at time zone 'UTC')::date - n from generate_series(0, ${Math.ceil(hours / 24)}::int) n))`;
  await sql`insert into keyctl.usage_events (ts, key_id, id, endpoint, status, ip_text, bytes, tokens)
    select ${before}::text::timestamptz - n * make_interval(secs => ${(hours * 3600) / times}::float8), ${keyId},
      'planted ' || n, '/v1/' || n % 7, case n % 5 when 0 then 500 else 200 end, '192.0.2.' || n % 9, n, n % 3
    from generate_series(1, ${times}::int) n`;
}
