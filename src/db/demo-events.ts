import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Sql } from 'postgres';
import type { CopyClient } from './connect.js';

/** One request; `at` in milliseconds since 1970. */
export interface UsageEvent {
  readonly at: number;
  readonly keyId: string;
  readonly keyVersion: number | null;
  readonly id: string;
  readonly method: string;
  readonly endpoint: string;
  readonly object: string | null;
  readonly feature: string | null;
  readonly status: number;
  readonly ip: string;
  readonly userAgent: string;
  readonly bytes: number;
  readonly latencyMs: number;
  readonly tokens: number | null;
  readonly costUsd: string | null;
  readonly model: string | null;
}

/** A request with a name that is nobody's. */
export type StrayEvent = Omit<UsageEvent, 'keyId' | 'keyVersion'> & { readonly presented: string };

const columns = `id, method, endpoint, object, feature, status, ip, ip_text, user_agent, bytes, latency_ms, tokens,
  cost_usd, model, request_id`;

export interface LoadedEvents {
  readonly events: number;
  /** Newest use of each key that was not refused, as the kernel counts it. */
  readonly lastUsed: ReadonlyMap<string, number>;
}

/** Copies the events in, making the weeks they need, and brings `last_used_at` up to them. */
export async function loadDemoEvents(
  client: CopyClient,
  history: { readonly start: number; readonly anchor: number },
  events: Iterable<UsageEvent>,
): Promise<LoadedEvents> {
  const weeks: string[] = [];
  // A week more than the history: whoever plays with the demo tomorrow finds the table that he needs.
  for (let at = history.start; at < history.anchor + 8 * 86_400_000; at += 86_400_000)
    weeks.push(new Date(at).toISOString().slice(0, 10));
  await client.sql`select keyctl.ensure_partitions(${`{${weeks.join(',')}}`}::text::date[])`;
  const lastUsed = new Map<string, number>();
  let count = 0;
  const lines = function* (): Generator<string> {
    for (const event of events) {
      count += 1;
      if (event.status !== 401 && event.status !== 403) {
        lastUsed.set(event.keyId, Math.max(event.at, lastUsed.get(event.keyId) ?? 0));
      }
      yield `${event.keyId}\t${event.keyVersion ?? '\\N'}\t${lineOf(event)}`;
    }
  };
  await copy(
    client.sql,
    `copy keyctl.usage_events (key_id, key_version, ts, ${columns}) from stdin`,
    lines(),
  );
  const used = JSON.stringify(
    Object.fromEntries([...lastUsed].map(([id, at]) => [id, new Date(at).toISOString()])),
  );
  await client.sql`select keyctl.touch_last_used(${used}::text::jsonb)`;
  return { events: count, lastUsed };
}

/** Copies in what was tried with names that are nobody's; answers how many. */
export async function loadDemoStrays(client: CopyClient, strays: Iterable<StrayEvent>): Promise<number> {
  let count = 0;
  const lines = function* (): Generator<string> {
    for (const stray of strays) {
      count += 1;
      yield `${stray.presented}\t${lineOf(stray)}`;
    }
  };
  await copy(client.sql, `copy keyctl.stray_events (presented, ts, ${columns}) from stdin`, lines());
  return count;
}

/** In COPY's text format; our own texts hold nothing that it would have to escape. */
function lineOf(event: Omit<UsageEvent, 'keyId' | 'keyVersion'>): string {
  const { id, method, endpoint, status, ip, userAgent, bytes, latencyMs } = event;
  const or = (value: string | number | null) => value ?? '\\N';
  const ts = new Date(event.at).toISOString();
  return `${ts}\t${id}\t${method}\t${endpoint}\t${or(event.object)}\t${or(event.feature)}\t${status}\t${ip}\t${ip}\t${userAgent}\t${bytes}\t${latencyMs}\t${or(event.tokens)}\t${or(event.costUsd)}\t${or(event.model)}\t${id}\n`;
}

const chunkLength = 256 * 1024;

async function copy(sql: Sql, statement: string, lines: Iterable<string>): Promise<void> {
  const chunks = function* (): Generator<Buffer> {
    let chunk = '';
    for (const line of lines) {
      chunk += line;
      if (chunk.length >= chunkLength) {
        yield Buffer.from(chunk);
        chunk = '';
      }
    }
    if (chunk !== '') yield Buffer.from(chunk);
  };
  await pipeline(Readable.from(chunks()), await sql.unsafe(statement).writable());
}
