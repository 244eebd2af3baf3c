-- The answer this operation got the first time, with its audit_seq and `repeated: true`; null when it is new.
-- Asked under the lock of the key, so that of two at once the second sees the first (F2).
create or replace function keyctl.prior_answer(p_operation uuid, p_action text, p_key_id text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select (a.record::jsonb -> 'answer') || jsonb_build_object('audit_seq', a.seq, 'repeated', true)
  from keyctl.audit_log a
  where a.operation_id = p_operation and a.action = p_action and a.key_id is not distinct from p_key_id
$$;

revoke all on function keyctl.prior_answer from public;
