-- Notes in the log that a checkpoint is about to be signed, and by which key, so that the log itself says whose
-- signatures to expect. `unchanged` when the last row says so already: a checkpoint every minute of a quiet night adds
-- nothing. The checkpoint is of the head that this made: the answer names it.
create or replace function keyctl.checkpoint_audit(p_operation uuid, p_context jsonb, p_vkey text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_last keyctl.audit_log;
  v_head keyctl.audit_head;
  v_seq bigint;
  v_answer jsonb;
begin
  if p_vkey is null or p_vkey !~ '^[^[:space:]+]{1,200}[+][0-9a-f]{8}[+][A-Za-z0-9+/]{44}$' then
    raise exception using errcode = 'KC422', message = 'the key is written NAME+KEYID+BASE64, and is public';
  end if;
  -- There is no key to lock: the head is all that this looks at and changes.
  select * into strict v_head from keyctl.audit_head for update;
  v_answer := keyctl.prior_answer(p_operation, 'audit.checkpointed', null);
  if v_answer is null then
    select * into v_last from keyctl.audit_log where seq = v_head.seq;
    v_answer := jsonb_build_object('outcome', 'checkpointed', 'vkey', p_vkey);
    if v_last.action = 'audit.checkpointed' and v_last.record::jsonb #>> '{details,vkey}' = p_vkey then
      v_answer := v_answer || jsonb_build_object('outcome', 'unchanged', 'audit_seq', null, 'repeated', false);
    else
      v_seq := keyctl.append_audit(p_operation, p_context, 'audit.checkpointed', null, null, null,
        jsonb_build_object('vkey', p_vkey), v_answer);
      v_answer := v_answer || jsonb_build_object('audit_seq', v_seq, 'repeated', false);
      select * into strict v_head from keyctl.audit_head;
    end if;
  end if;
  return v_answer || jsonb_build_object('size', v_head.seq, 'hash', encode(v_head.hash, 'hex'));
end $$;

revoke all on function keyctl.checkpoint_audit from public;
grant execute on function keyctl.checkpoint_audit to keyctl_operator, keyctl_auditor;
