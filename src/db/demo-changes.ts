import type { Sql } from 'postgres';
import { embeddedRole } from './embedded/roles.js';
import type { AuditContext } from './kernel.js';
import type { KeySettings, OwnerInput, RevocationCode } from './kernel-keys.js';

/**
 * Plays a history that never happened into a database: `keyctl demo`, and nothing else. Run as the superuser, on a
 * database that is not yet in anybody's use.
 */

/** A change that somebody made at a moment of the past, as the kernel is asked to do it. `at` in milliseconds since 1970. */
export type DemoChange = {
  readonly at: number;
  readonly operation: string;
  readonly context: AuditContext;
} & (
  | {
      readonly do: 'create';
      readonly key: DemoKey;
      readonly owner: OwnerInput;
      readonly settings: KeySettings;
    }
  | { readonly do: 'activate'; readonly keyId: string; readonly deliveredTo: readonly string[] }
  | { readonly do: 'adopt'; readonly keyId: string; readonly name: string; readonly activatedAt: number }
  | {
      readonly do: 'rotate';
      readonly key: DemoKey;
      readonly oldKeyId: string;
      readonly preparedAt: number;
      readonly graceMs: number;
      readonly reason: string;
      readonly deliveredTo: readonly string[];
    }
  | { readonly do: 'finalize'; readonly keyId: string; readonly reason: string }
  | { readonly do: 'revoke'; readonly keyId: string; readonly reason: string; readonly code: RevocationCode }
  | {
      readonly do: 'suspend';
      readonly keyId: string;
      readonly reason: string;
      readonly forSeconds: number | null;
    }
  | { readonly do: 'resume'; readonly keyId: string; readonly reason: string }
  | {
      readonly do: 'update';
      readonly keyId: string;
      readonly settings: KeySettings;
      readonly reason: string;
    }
  | {
      readonly do: 'block';
      readonly cidr: string;
      readonly reason: string;
      readonly forSeconds: number | null;
    }
);

interface DemoKey {
  readonly id: string;
  readonly prefix: string;
  readonly salt: string;
  readonly verifier: string;
  readonly hash_scheme: number;
  readonly fingerprint: string;
}

/** Where the kernel looks for the time while the history is played. */
const playedClock = `pg_catalog.current_setting('keyctl.demo_now')::timestamptz`;

/**
 * The kernel's own functions do the work, so that keys, audit rows and chain are what they would be; only the clock in
 * them is another one, for this one transaction that nobody else sees. The kernel gets no way of writing a past time:
 * that takes who may replace its functions, and against him the chain promises nothing (README).
 */
const setClock = `
create temporary table demo_kernel on commit drop as
  select pg_get_functiondef(p.oid) as text from pg_proc p
  where p.pronamespace = 'keyctl'::regnamespace and p.prokind = 'f' and p.prosrc like '%clock_timestamp()%';
do $$
declare v_text text;
begin
  for v_text in select text from demo_kernel loop
    execute replace(v_text, 'clock_timestamp()', $clock$${playedClock}$clock$);
  end loop;
end $$`;

const giveClockBack = `
do $$
declare v_text text;
begin
  for v_text in select text from demo_kernel loop
    execute v_text;
  end loop;
end $$`;

/**
 * One change after the other, by the kernel's own functions. With the definer's rights, while session_user is the role that the audit log is to name.
 */
const play = `
create function pg_temp.demo_play(p_changes jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $play$
declare
  c jsonb;
  v_old keyctl.api_keys;
  v_at timestamptz;
  v_operation uuid;
  v_id text;
  v_answer jsonb;
begin
  for c in select value from jsonb_array_elements(p_changes) loop
    v_at := to_timestamp((c ->> 'at')::bigint / 1000.0);
    v_operation := c ->> 'operation';
    v_id := c ->> 'keyId';
    perform set_config('keyctl.demo_now', v_at::text, true);
    case c ->> 'do'
    when 'create' then
      perform keyctl.create_key(v_operation, c -> 'context', c -> 'key', c -> 'owner', c -> 'settings');
    when 'activate' then
      perform keyctl.activate_key(v_operation, c -> 'context', v_id, array(select jsonb_array_elements_text(c -> 'deliveredTo')));
    when 'revoke' then
      perform keyctl.revoke_key(v_operation, c -> 'context', v_id, c ->> 'reason', c ->> 'code');
    when 'suspend' then
      perform keyctl.suspend_key(v_operation, c -> 'context', v_id, c ->> 'reason', make_interval(secs => (c ->> 'forSeconds')::int));
    when 'resume' then
      perform keyctl.resume_key(v_operation, c -> 'context', v_id, c ->> 'reason');
    when 'update' then
      perform keyctl.update_key(v_operation, c -> 'context', v_id, c -> 'settings', null, c ->> 'reason');
    when 'block' then
      perform keyctl.block_ip(v_operation, c -> 'context', (c ->> 'cidr')::inet, c ->> 'reason', make_interval(secs => (c ->> 'forSeconds')::int));
    when 'adopt' then
      insert into keyctl.api_keys (id, external_id, name, status, version, family_id, origin, created_at, created_by, activated_at)
      values (v_id, c ->> 'name', c ->> 'name', 'active', 1, v_id, 'adopted', v_at, session_user,
        to_timestamp((c ->> 'activatedAt')::bigint / 1000.0));
      perform keyctl.append_audit(v_operation, c -> 'context', 'key.imported', v_id, v_id, null,
        jsonb_build_object('origin', 'adopted', 'external_id', c ->> 'name'), jsonb_build_object('outcome', 'adopted', 'key_id', v_id));
    when 'rotate' then
      select * into strict v_old from keyctl.api_keys where id = c ->> 'oldKeyId';
      perform set_config('keyctl.demo_now', to_timestamp((c ->> 'preparedAt')::bigint / 1000.0)::text, true);
      v_answer := keyctl.rotate_prepare(v_operation, c -> 'context', jsonb_build_array((c -> 'key') || jsonb_build_object(
          'key_id', v_old.id, 'version', v_old.version, 'deliver_to', c -> 'deliveredTo')),
        jsonb_build_object('grace_seconds', (c ->> 'graceMs')::bigint / 1000), c ->> 'reason') #> '{outcomes,0}';
      perform set_config('keyctl.demo_now', v_at::text, true);
      v_answer := keyctl.rotate_activate(v_operation, c -> 'context', jsonb_build_array(jsonb_build_object(
        'rotation_id', v_answer ->> 'rotation_id', 'delivered_to', c -> 'deliveredTo'))) #> '{outcomes,0}';
      if v_answer ->> 'outcome' is distinct from 'activated' then
        raise exception 'the demo could not rotate %: %', v_old.name, v_answer;
      end if;
    when 'finalize' then
      perform keyctl.rotate_finalize(v_operation, c -> 'context', (
        select r.rotation_id from keyctl.rotations r where r.old_key_id = v_id and r.activated_at is not null));
    end case;
  end loop;
end $play$`;

export interface DemoOwner {
  readonly ownerId: string;
  readonly email: string;
  readonly name: string;
  readonly userId: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** The whole past of the keys, in one transaction, the audit log naming the role that people work as. */
export async function playDemo(
  sql: Sql,
  input: { readonly changes: readonly DemoChange[]; readonly owners: readonly DemoOwner[] },
): Promise<void> {
  const owners = `insert into keyctl.owners (owner_id, email, name, user_id, created_at)
    select o ->> 'ownerId', o ->> 'email', o ->> 'name', o ->> 'userId', to_timestamp((o ->> 'createdAt')::bigint / 1000.0)
    from jsonb_array_elements(${literal(input.owners)}) o`;
  const statements = [
    ...['begin', setClock, play, owners, `set local session authorization ${embeddedRole}`],
    `select pg_temp.demo_play(${literal(input.changes)})`,
    ...['reset session authorization', giveClockBack, 'drop function pg_temp.demo_play', 'commit'],
  ];
  await sql.unsafe(statements.join(';\n')).simple();
}

/** JSON as a literal of SQL; the script has no parameters, because it holds several statements. */
function literal(value: unknown): string {
  return `'${JSON.stringify(value).replaceAll("'", "''")}'::jsonb`;
}
