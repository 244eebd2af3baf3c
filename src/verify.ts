import { randomUUID } from 'node:crypto';
import { recordUsageStatement, verificationStatement } from './db/gateway-statements.js';
import { toInet } from './domain/cidr.js';
import { cutTokens } from './domain/cut-tokens.js';
import type { Decision } from './domain/decision.js';
import { longestPresented, presentedToken, proves } from './domain/presented-token.js';

/**
 * `keyctl/verify`: what a gateway written for Node needs, and nothing else. It is given the gateway's own connection (a
 * login in the role `keyctl_gateway`) and keeps no state. docs/gateways.md says where limits act.
 */

type Row = Readonly<Record<string, unknown>>;

/** One statement with its parameters, answered with its rows: what every driver has in some form. */
export type Query = (
  text: string,
  parameters: readonly (string | null)[],
) => PromiseLike<readonly Row[] | { readonly rows: readonly Row[] }>;

/** A client or pool of `pg`. */
export interface PgClient {
  query(text: string, parameters: (string | null)[]): PromiseLike<{ readonly rows: readonly Row[] }>;
}

/** postgres.js. */
export interface PostgresJsClient {
  unsafe(text: string, parameters: (string | null)[]): PromiseLike<readonly Row[]>;
}

/** What is known of the request; what is left out is not judged. */
export interface Request {
  /** As the socket tells it; `::ffff:192.0.2.1` is 192.0.2.1. What is no address is an error, and not ignored. */
  readonly ip?: string | undefined;
  /** The one scope that this request needs. */
  readonly scope?: string | undefined;
  readonly workspace?: string | undefined;
  readonly model?: string | undefined;
  readonly feature?: string | undefined;
}

/** Requests a minute and an hour, in a burst, at once; null is unlimited, a dead key has 0. The gateway enforces them. */
export interface Limits {
  readonly rpm: number | null;
  readonly rph: number | null;
  readonly burst: number | null;
  readonly concurrency: number | null;
}

export interface Verified {
  /** True for the decision `ok` alone. */
  readonly valid: boolean;
  /**
   * `ok`, or the first thing against it. `malformed`, `checksum` and `unknown` are 401 to a client; so are all that end a
   * key's life. A client is best told no more than the status.
   */
  readonly decision: 'malformed' | 'checksum' | 'unknown' | Decision;
  /** Null unless the token proved to be this key's. */
  readonly keyId: string | null;
  readonly version: number | null;
  readonly scopes: readonly string[];
  readonly limits: Limits;
  readonly successorId: string | null;
}

export interface UsageEvent {
  readonly keyId: string;
  readonly version?: number | null | undefined;
  /** The end of the request; now unless given. */
  readonly at?: Date | undefined;
  /** One id is one event, however often it is sent; random unless given. */
  readonly id?: string | undefined;
  readonly requestId?: string | null | undefined;
  readonly method?: string | null | undefined;
  /** The path; a query behind it is cut off, because it may hold anything. */
  readonly endpoint?: string | null | undefined;
  readonly object?: string | null | undefined;
  readonly feature?: string | null | undefined;
  readonly status?: number | null | undefined;
  readonly ip?: string | null | undefined;
  readonly userAgent?: string | null | undefined;
  readonly bytes?: number | null | undefined;
  readonly latencyMs?: number | null | undefined;
  readonly tokens?: number | null | undefined;
  readonly costUsd?: number | null | undefined;
  readonly model?: string | null | undefined;
}

export interface Verifier {
  /**
   * Would this key be accepted for this request, now, by the database's clock? Any token is answered; it rejects when the
   * database cannot be asked, and then the request has to be refused (503). There is no cache: it would lengthen a revoked
   * key's life by as much as it keeps.
   */
  verify(token: string | null | undefined, request?: Request): Promise<Verified>;
  /** Writes usage events, some or many in one statement; answers how many were new. */
  recordUsage(events: readonly UsageEvent[]): Promise<number>;
}

/** @param input.query the gateway's connection: a `pg` pool or client, a postgres.js `sql`, or a function of your own */
export function createVerifier(input: { readonly query: Query | PgClient | PostgresJsClient }): Verifier {
  const ask = rowsOf(input.query);
  return {
    async verify(token, request = {}) {
      if (typeof token !== 'string' || token.length > longestPresented) return refused('malformed');
      const presented = presentedToken(token);
      if (presented.kind === 'checksum') return refused('checksum');
      const { scope = null, workspace = null, model = null, feature = null } = request;
      const parameters = [presented.lookup, addressOf(request.ip), scope, workspace, model, feature];
      const [row] = await ask(verificationStatement, parameters);
      const proof = row === undefined ? null : proofOf(row);
      if (!proves(presented, proof) || row === undefined) {
        return refused(presented.kind === 'foreign' ? 'malformed' : 'unknown');
      }
      return verifiedBy(row);
    },
    async recordUsage(events) {
      if (events.length === 0) return 0;
      const [row] = await ask(recordUsageStatement, [JSON.stringify(events.map(eventRow))]);
      return Number(row?.added ?? 0);
    },
  };
}

function rowsOf(
  query: Query | PgClient | PostgresJsClient,
): (text: string, parameters: (string | null)[]) => Promise<readonly Row[]> {
  return async (text, parameters) => {
    const answer =
      'unsafe' in query
        ? await query.unsafe(text, parameters)
        : 'query' in query
          ? await query.query(text, parameters)
          : await query(text, parameters);
    return 'rows' in answer ? answer.rows : answer;
  };
}

function refused(decision: 'malformed' | 'checksum' | 'unknown'): Verified {
  const limits = { rpm: 0, rph: 0, burst: 0, concurrency: 0 };
  return { valid: false, decision, keyId: null, version: null, scopes: [], limits, successorId: null };
}

function verifiedBy(row: Row): Verified {
  const decision = String(row.decision) as Decision;
  return {
    valid: decision === 'ok',
    decision,
    keyId: String(row.key_id),
    version: Number(row.version),
    scopes: JSON.parse(String(row.scopes)) as string[],
    limits: {
      rpm: numberOf(row.rpm),
      rph: numberOf(row.rph),
      burst: numberOf(row.burst),
      concurrency: numberOf(row.concurrency),
    },
    successorId: typeof row.successor_id === 'string' ? row.successor_id : null,
  };
}

function proofOf(row: Row) {
  const bytes = (hex: unknown) => (typeof hex === 'string' ? Buffer.from(hex, 'hex') : null);
  return {
    salt: bytes(row.salt),
    verifier: bytes(row.verifier),
    digest: bytes(row.digest),
    hashScheme: numberOf(row.hash_scheme),
  };
}

/** Some drivers answer numbers as text. */
function numberOf(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}

function addressOf(ip: string | undefined): string | null {
  if (ip === undefined) return null;
  const address = toInet(ip.replace(/%.*$/, ''));
  // An address that is ignored would pass every block and allow list.
  if (address === null || address.includes('/')) throw new TypeError('request.ip is not an IP address');
  return address;
}

/** One event as the row that `keyctl.record_usage` takes. */
function eventRow(event: UsageEvent) {
  const ip = event.ip ?? null;
  return {
    ts: (event.at ?? new Date()).toISOString(),
    id: event.id ?? randomUUID(),
    key_id: event.keyId,
    key_version: event.version ?? null,
    request_id: stored(event.requestId),
    method: stored(event.method),
    endpoint: stored(event.endpoint?.replace(/[?#].*$/s, '')),
    object: stored(event.object),
    feature: stored(event.feature),
    status: event.status ?? null,
    ip: ip === null ? null : (toInet(ip) ?? null),
    ip_text: stored(ip),
    user_agent: stored(event.userAgent),
    bytes: event.bytes ?? null,
    latency_ms: event.latencyMs ?? null,
    tokens: event.tokens ?? null,
    cost_usd: event.costUsd ?? null,
    model: stored(event.model),
  };
}

/** A key in a user agent must not be kept in a log; NUL and half characters are refused by PostgreSQL, with the whole batch. */
function stored(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : cutTokens(text).text.replace(/\0|\p{Cs}/gu, '\ufffd');
}
