-- Appends one row to the chain and returns its seq. Called by the kernel's own functions only, last in each of
-- them: the head is locked after every key (F38) and held until the statement ends.
-- `record` is the text that is hashed: hash = sha256(prev_hash || record), and every column that people read is
-- in it. Times are text with microseconds (F31). `details` is what changed, `answer` what the caller was told, so
-- that the same operation asked again gets the first answer.
create or replace function keyctl.append_audit(
  p_operation uuid, p_context jsonb, p_action text, p_key_id text, p_family_id text, p_reason text,
  p_details jsonb, p_answer jsonb
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_prev bytea;
  v_seq bigint;
  v_at timestamptz;
  v_record text;
  v_hash bytea;
begin
  select seq + 1, hash into strict v_seq, v_prev from keyctl.audit_head for update;
  v_at := clock_timestamp();
  v_record := json_build_object(
    'seq', v_seq,
    'at', to_char(v_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'operation_id', p_operation,
    'action', p_action,
    'key_id', p_key_id,
    'family_id', p_family_id,
    'incident_id', p_context ->> 'incident_id',
    'actor_db', session_user,
    'actor_os', left(p_context ->> 'actor_os', 200),
    'actor_claimed', left(p_context ->> 'actor_claimed', 200),
    'host', left(p_context ->> 'host', 200),
    'reason', p_reason,
    'ticket', left(p_context ->> 'ticket', 200),
    'details', coalesce(p_details, '{}'),
    'answer', coalesce(p_answer, '{}')
  )::text;
  v_hash := sha256(v_prev || convert_to(v_record, 'UTF8'));

  insert into keyctl.audit_log (seq, at, operation_id, action, key_id, family_id, incident_id, actor_db, actor_os,
    actor_claimed, host, reason, record, prev_hash, hash)
  values (v_seq, v_at, p_operation, p_action, p_key_id, p_family_id, p_context ->> 'incident_id', session_user,
    left(p_context ->> 'actor_os', 200), left(p_context ->> 'actor_claimed', 200), left(p_context ->> 'host', 200),
    p_reason, v_record, v_prev, v_hash);
  update keyctl.audit_head set seq = v_seq, hash = v_hash;
  return v_seq;
end $$;

revoke all on function keyctl.append_audit from public;
