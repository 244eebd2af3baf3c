-- Appends one row to the chain and returns its seq (see append_audit_rows).
create or replace function keyctl.append_audit(
  p_operation uuid, p_context jsonb, p_action text, p_key_id text, p_family_id text, p_reason text,
  p_details jsonb, p_answer jsonb
) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $$
  select keyctl.append_audit_rows(p_operation, p_context, jsonb_build_array(jsonb_build_object('action', p_action,
    'key_id', p_key_id, 'family_id', p_family_id, 'reason', p_reason, 'details', p_details, 'answer', p_answer)))
$$;

revoke all on function keyctl.append_audit from public;
