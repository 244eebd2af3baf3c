-- Forgets a person: e-mail, name and user id of the owner are emptied, and billing contacts of its keys, and every other
-- billing contact that is this address. The row stays, without a name, because keys and the chain name its owner_id; so
-- nothing in the chain changes. Outcome: `forgotten`. Somebody who is registered again later is a new owner.
-- What people wrote as free text (reasons, descriptions, names of keys) is not touched: see owner_mentions.
create or replace function keyctl.forget_owner(p_operation uuid, p_context jsonb, p_email text, p_reason text)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_email text := lower(btrim(p_email));
  v_reason text := keyctl.check_reason(p_reason);
  v_owner_id text;
  v_keys text[];
  v_contacts bigint;
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'owner.forgotten', null);
  if v_answer is not null then
    return v_answer;
  end if;
  -- The chain is for ever: what names the person there could not be taken out again.
  if position(v_email in lower(v_reason)) > 0 or position(v_email in lower(p_context::text)) > 0 then
    raise exception using errcode = 'KC422', message = 'the audit log would keep the address for ever: leave it out of the reason, the actor and the ticket';
  end if;
  select owner_id into v_owner_id from keyctl.owners where email = v_email;
  -- Keys before their owner, as create_key and update_key lock them (F38).
  v_keys := array(
    select k.id from keyctl.api_keys k
    where k.owner_id = v_owner_id or lower(k.billing_contact) = v_email order by k.family_id, k.id for update);
  perform from keyctl.owners where owner_id = v_owner_id and email = v_email for update;
  if not found then
    -- Of the same operation twice at once, the second waited for the first just now.
    v_answer := keyctl.prior_answer(p_operation, 'owner.forgotten', null);
    if v_answer is not null then
      return v_answer;
    end if;
    raise exception using errcode = 'KC404', message = 'no owner of this address';
  end if;

  update keyctl.owners set email = null, name = null, user_id = null, forgotten_at = clock_timestamp() where owner_id = v_owner_id;
  update keyctl.api_keys set billing_contact = null
  where billing_contact is not null and (id = any (v_keys) or owner_id = v_owner_id);
  get diagnostics v_contacts = row_count;
  v_answer := jsonb_build_object('outcome', 'forgotten', 'owner_id', v_owner_id,
    'keys', (select count(*) from keyctl.api_keys where owner_id = v_owner_id), 'billing_contacts', v_contacts,
    'forgotten_at', (select forgotten_at from keyctl.owners where owner_id = v_owner_id));
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'owner.forgotten', null, null, v_reason,
    jsonb_build_object('owner_id', v_owner_id, 'billing_contacts', v_contacts), v_answer));
end $$;

revoke all on function keyctl.forget_owner from public;
grant execute on function keyctl.forget_owner to keyctl_admin;
