-- Writes down that the evidence of an incident was sealed into a bundle: its sum, how far it reaches, and which key signed it. It
-- is told when the file is whole and before it stands under its name, so that no bundle is there which the log does not know.
-- Answers outcome `bundled`. Of a closed incident too.
--   p_bundle: {sha256 (hex, of the whole file), bytes, since, until (of the usage in it), events, first_seq, last_seq (of the
--   audit log), signed_by (public key, or null)}
create or replace function keyctl.record_bundle(
  p_operation uuid, p_context jsonb, p_incident_id text, p_bundle jsonb
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_known constant text[] := array['sha256', 'bytes', 'since', 'until', 'events', 'first_seq', 'last_seq', 'signed_by'];
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  v_unknown text;
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'incident.bundled', null);
  if v_answer is not null then
    return v_answer;
  end if;
  select field into v_unknown from jsonb_object_keys(p_bundle) field where field <> all (v_known) limit 1;
  if v_unknown is not null then
    raise exception using errcode = 'KC422', message = format('%I is nothing that is said of a bundle', v_unknown);
  elsif coalesce(p_bundle ->> 'sha256', '') !~ '^[0-9a-f]{64}$' then
    raise exception using errcode = 'KC422', message = 'the sum is a SHA-256 of 64 hex digits';
  elsif not coalesce((p_bundle ->> 'bytes')::bigint >= 0 and (p_bundle ->> 'events')::bigint >= 0, false) then
    raise exception using errcode = 'KC422', message = 'bytes and events are counted from 0';
  elsif not coalesce((p_bundle ->> 'first_seq')::bigint between 1 and (p_bundle ->> 'last_seq')::bigint, false) then
    raise exception using errcode = 'KC422', message = 'the rows of the audit log go from a first one to a last one';
  elsif not coalesce((p_bundle ->> 'since')::timestamptz <= (p_bundle ->> 'until')::timestamptz, false) then
    raise exception using errcode = 'KC422', message = 'the usage goes from one time to a later one';
  elsif length(p_bundle ->> 'signed_by') > 300 then
    raise exception using errcode = 'KC422', message = 'a public key has 300 characters at most';
  end if;
  v_answer := jsonb_build_object('outcome', 'bundled', 'incident_id', i.incident_id, 'bundled_at', clock_timestamp());
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.bundled', null, null, null, p_bundle, v_answer));
end $$;

revoke all on function keyctl.record_bundle from public;
grant execute on function keyctl.record_bundle to keyctl_operator, keyctl_auditor;
