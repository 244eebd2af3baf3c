import type { BenchDatabase } from './ground.js';

const batch = 10_000;

/** Appends rows to the audit log by the kernel's own function, so that the chain is one that it made. */
export async function appendEntries({ sql }: BenchDatabase, count: number): Promise<void> {
  for (let done = 0; done < count; done += batch) {
    await sql`
      select keyctl.append_audit_rows(gen_random_uuid(), '{"actor_os": "oncall", "host": "bastion-1"}'::jsonb,
        (select jsonb_agg(jsonb_build_object('action', 'key.revoked', 'key_id', 'key_' || ${done}::int + n,
          'family_id', 'key_' || n, 'reason', 'leaked in acme/app commit 7a3f21', 'details', '{"code": "leaked"}'::jsonb,
          'answer', jsonb_build_object('outcome', 'revoked', 'key_id', 'key_' || n)))
        from generate_series(1, ${Math.min(batch, count - done)}::int) n))`;
  }
  await sql`vacuum analyze keyctl.audit_log`;
}
