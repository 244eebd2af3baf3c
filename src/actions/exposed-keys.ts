import { reportExposure } from '../db/kernel-keys.js';
import { findCandidates } from '../db/reads/keys.js';
import type { ExposedToken } from '../domain/ingest/log-reader.js';
import { type Context, changeOf } from './context.js';

/** A key whose whole token stood where it must not stand. */
export interface ExposedKey {
  readonly keyId: string;
  /** Null in a dry run, which asks no database. */
  readonly name: string | null;
  readonly status: string | null;
  readonly times: number;
}

/** Tokens that are looked up in one statement. */
const atOnce = 500;

/**
 * Collects tokens that are met while something is read. Anybody can make a text with a right checksum and a locator that
 * was seen somewhere: only what has the key's own fingerprint counts, and memory is bounded by the keys there are.
 */
export function exposedKeys(ctx: Context) {
  let waiting = new Map<string, { keyId: string; times: number }>();
  const found = new Map<string, { keyId: string; name: string; status: string; times: number }>();

  async function look(): Promise<void> {
    const ids = [...new Set([...waiting.values()].map((token) => token.keyId))];
    if (ids.length === 0) return;
    const rows = await ctx.db.query((db) => findCandidates(db, { ids }));
    for (const { key } of rows) {
      const token = waiting.get(key.fingerprint ?? '');
      if (token?.keyId !== key.id || key.fingerprint === null) continue;
      found.set(key.fingerprint, { ...token, name: key.name, status: key.status });
    }
    waiting = new Map();
  }

  return {
    add({ keyId, fingerprint }: ExposedToken): void {
      const known = found.get(fingerprint) ?? waiting.get(fingerprint);
      if (known === undefined) waiting.set(fingerprint, { keyId, times: 1 });
      else known.times++;
    },
    async settle(): Promise<void> {
      if (waiting.size >= atOnce) await look();
    },
    /** Writes one audit row `key.exposed` for each key, and answers the keys. */
    async report(where: string): Promise<ExposedKey[]> {
      await look();
      const keys = [...found.values()];
      for (const { keyId, times } of keys) {
        await ctx.db.change(ctx.operationId, (db) =>
          reportExposure(db, changeOf(ctx), { keyId, where, times }),
        );
      }
      return keys;
    },
  };
}
