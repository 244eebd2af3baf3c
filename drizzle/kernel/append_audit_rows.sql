-- Appends rows to the chain and returns the seq of the last one; the others come right before it, in order. A change that names
-- an incident is entered there first, and what follows for the incident comes behind the rows. Called by
-- the kernel's own functions only, last in each of them: the head is locked after every key (F38) and held until the
-- statement ends.
-- `record` is the text that is hashed: hash = sha256(prev_hash || record), and every column that people read is
-- in it. Times are text with microseconds (F31). `details` is what changed, `answer` what the caller was told, so
-- that the same operation asked again gets the first answer.
--   p_rows: [{action, key_id, family_id, reason, details, answer}]
create or replace function keyctl.append_audit_rows(p_operation uuid, p_context jsonb, p_rows jsonb) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_row jsonb;
  v_rows jsonb := p_rows;
  v_prev bytea;
  v_seq bigint;
  v_at timestamptz;
  v_record text;
  v_hash bytea;
begin
  if p_context ->> 'incident_id' is not null then
    v_rows := p_rows || keyctl.enter_incident(p_context ->> 'incident_id', p_rows);
  end if;
  select seq, hash into strict v_seq, v_prev from keyctl.audit_head for update;
  for v_row in select * from jsonb_array_elements(v_rows) loop
    v_seq := v_seq + 1;
    v_at := clock_timestamp();
    v_record := json_build_object(
      'seq', v_seq,
      'at', to_char(v_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'operation_id', p_operation,
      'action', v_row ->> 'action',
      'key_id', v_row ->> 'key_id',
      'family_id', v_row ->> 'family_id',
      'incident_id', p_context ->> 'incident_id',
      'actor_db', session_user,
      'actor_os', left(p_context ->> 'actor_os', 200),
      'actor_claimed', left(p_context ->> 'actor_claimed', 200),
      'host', left(p_context ->> 'host', 200),
      'reason', v_row ->> 'reason',
      'ticket', left(p_context ->> 'ticket', 200),
      'details', coalesce(nullif(v_row -> 'details', 'null'), '{}'),
      'answer', coalesce(nullif(v_row -> 'answer', 'null'), '{}')
    )::text;
    -- A program that remembers a longer log than it found says so in every change that it makes.
    if jsonb_typeof(p_context -> 'behind') = 'object' then
      v_record := left(v_record, -1) || ', "behind" : ' || json_build_object(
        'remembered_seq', (p_context #>> '{behind,remembered_seq}')::bigint,
        'found_seq', (p_context #>> '{behind,found_seq}')::bigint) || '}';
    end if;
    v_hash := sha256(v_prev || convert_to(v_record, 'UTF8'));
    insert into keyctl.audit_log (seq, at, operation_id, action, key_id, family_id, incident_id, actor_db, actor_os,
      actor_claimed, host, reason, record, prev_hash, hash)
    values (v_seq, v_at, p_operation, v_row ->> 'action', v_row ->> 'key_id', v_row ->> 'family_id',
      p_context ->> 'incident_id', session_user, left(p_context ->> 'actor_os', 200),
      left(p_context ->> 'actor_claimed', 200), left(p_context ->> 'host', 200), v_row ->> 'reason', v_record, v_prev, v_hash);
    v_prev := v_hash;
  end loop;
  update keyctl.audit_head set seq = v_seq, hash = v_prev;
  return v_seq - jsonb_array_length(v_rows) + jsonb_array_length(p_rows);
end $$;

revoke all on function keyctl.append_audit_rows from public;
