import { sql } from 'drizzle-orm';
import type { RetirementPhase } from '../../domain/retirement.js';
import type { Executor } from '../kernel.js';

/** The limits that hold at a moment; null is unlimited, a dead key has 0. */
export interface EffectiveLimits {
  /** How much of what the key was given they are: 100, less in the last week before a planned retirement, 0 when dead. */
  readonly percent: number;
  readonly rpm: number | null;
  readonly rph: number | null;
  readonly burst: number | null;
  readonly concurrency: number | null;
  /** Of a planned retirement, at that moment; null without a plan. */
  readonly retirementPhase: RetirementPhase | null;
}

/** As the kernel computes them (`effective_limits`), at a moment, or now. */
export async function effectiveLimits(
  db: Executor,
  keyId: string,
  at: string | null = null,
): Promise<EffectiveLimits> {
  const rows = await db.execute(sql`
    select l.percent, l.rpm, l.rph, l.burst, l.concurrency,
      case when k.replaced_by is null then keyctl.retirement_phase(k.retire_on, t.at) end as phase
    from keyctl.keys k
    cross join lateral (select coalesce(${at}::timestamptz, clock_timestamp()) as at) t
    cross join lateral (
      select keyctl.status_at(k.stored_status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until,
        k.usable_until, k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, t.at) as status
    ) s
    cross join lateral keyctl.effective_limits(s.status in ('active', 'retiring'), k.retire_on, k.replaced_by, k.rpm, k.rph,
      k.burst, k.concurrency, t.at) l
    where k.id = ${keyId}`);
  const row = rows[0] ?? {};
  const limit = (value: unknown) => (typeof value === 'number' ? value : null);
  return {
    percent: Number(row.percent ?? 0),
    rpm: limit(row.rpm),
    rph: limit(row.rph),
    burst: limit(row.burst),
    concurrency: limit(row.concurrency),
    retirementPhase: (row.phase as RetirementPhase | null | undefined) ?? null,
  };
}
