-- Records that what is stored about a person was given out, and answers whose data that is; the reading itself needs no
-- function. The record names the owner_id alone. Outcome: `exported`.
create or replace function keyctl.export_owner(p_operation uuid, p_context jsonb, p_email text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_email text := lower(btrim(p_email));
  v_owner_id text;
  v_answer jsonb;
begin
  if position(v_email in lower(p_context::text)) > 0 then
    raise exception using errcode = 'KC422', message = 'the audit log would keep the address for ever: leave it out of the actor and the ticket';
  end if;
  select owner_id into v_owner_id from keyctl.owners where email = v_email for update;
  v_answer := keyctl.prior_answer(p_operation, 'owner.exported', null);
  if v_answer is not null then
    return v_answer;
  elsif v_owner_id is null then
    raise exception using errcode = 'KC404', message = 'no owner of this address';
  end if;
  v_answer := jsonb_build_object('outcome', 'exported', 'owner_id', v_owner_id);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'owner.exported', null, null, null, jsonb_build_object('owner_id', v_owner_id), v_answer));
end $$;

revoke all on function keyctl.export_owner from public;
grant execute on function keyctl.export_owner to keyctl_admin, keyctl_auditor;
