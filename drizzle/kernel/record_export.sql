-- Writes down that a part of the record left the database: what, in which form, narrowed by what, how many rows, and
-- the sum of what was written. It is told after the writing, so that it says what is true; what is placed under a file's name
-- is placed after this. `complete: false`: the reader went away, or it was interrupted, and that much at most had left.
-- Answers outcome `recorded`.
--   p_export: {what: audit|usage|lookup|key_rotation, format, filter: {}, rows, bytes, sha256 (hex), complete, first_seq, last_seq}
create or replace function keyctl.record_export(p_operation uuid, p_context jsonb, p_export jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_known constant text[] := array['what', 'format', 'filter', 'rows', 'bytes', 'sha256', 'complete', 'first_seq', 'last_seq'];
  v_unknown text;
  v_answer jsonb;
begin
  select field into v_unknown from jsonb_object_keys(p_export) field where field <> all (v_known) limit 1;
  if v_unknown is not null then
    raise exception using errcode = 'KC422', message = format('%I is nothing that is said of an export', v_unknown);
  elsif p_export ->> 'what' is null or p_export ->> 'what' not in ('audit', 'usage', 'lookup', 'key_rotation') then
    raise exception using errcode = 'KC422', message = 'what is exported is one of audit, usage, lookup, key_rotation';
  elsif p_export ->> 'format' is null or p_export ->> 'format' not in ('ndjson', 'csv', 'ocsf', 'cef') then
    raise exception using errcode = 'KC422', message = 'the format is one of ndjson, csv, ocsf, cef';
  elsif coalesce(p_export ->> 'sha256', '') !~ '^[0-9a-f]{64}$' then
    raise exception using errcode = 'KC422', message = 'the sum is a SHA-256 of 64 hex digits';
  elsif not coalesce((p_export ->> 'rows')::bigint >= 0 and (p_export ->> 'bytes')::bigint >= 0, false) then
    raise exception using errcode = 'KC422', message = 'rows and bytes are counted from 0';
  end if;
  -- No key is touched, so the head alone keeps two of the same operation apart.
  perform from keyctl.audit_head for update;
  v_answer := keyctl.prior_answer(p_operation, 'audit.exported', null);
  if v_answer is not null then
    return v_answer;
  end if;
  v_answer := jsonb_build_object('outcome', 'recorded', 'recorded_at', clock_timestamp());
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'audit.exported', null, null, null, p_export, v_answer));
end $$;

revoke all on function keyctl.record_export from public;
grant execute on function keyctl.record_export to keyctl_operator, keyctl_auditor;
