-- What `create_key` answered this operation the first time, and how that key stands now; null when it is new.
create or replace function keyctl.created_before(p_operation uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select (a.record::jsonb -> 'answer') || jsonb_build_object('audit_seq', a.seq, 'repeated', true, 'status', k.status,
    'activated_at', k.activated_at, 'delivered_to', k.delivered_to)
  from keyctl.audit_log a join keyctl.api_keys k on k.id = a.key_id
  where a.operation_id = p_operation and a.action = 'key.created'
$$;

revoke all on function keyctl.created_before from public;
