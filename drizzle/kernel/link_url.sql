-- Links a page to an incident: the ticket, the alert, the commit. Outcomes: `linked`, `already_linked` (nothing changed).
create or replace function keyctl.link_url(
  p_operation uuid, p_context jsonb, p_incident_id text, p_url text, p_title text default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  v_url text := keyctl.check_line('URL', p_url, 2000);
  v_title text := case when p_title is not null then keyctl.check_line('title', p_title, 200) end;
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'incident.url_linked', null);
  if v_answer is not null then
    return v_answer;
  elsif v_url !~* '^https?://[^[:space:]]+$' then
    raise exception using errcode = 'KC422', message = 'a link begins with https:// or http:// and has no blanks';
  end if;
  insert into keyctl.incident_links (incident_id, url, title) values (i.incident_id, v_url, v_title) on conflict do nothing;
  if not found then
    return jsonb_build_object('outcome', 'already_linked', 'incident_id', i.incident_id, 'url', v_url, 'audit_seq', null, 'repeated', false);
  end if;
  v_answer := jsonb_build_object('outcome', 'linked', 'incident_id', i.incident_id, 'url', v_url);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.url_linked', null, null, v_title,
    jsonb_build_object('url', v_url, 'title', v_title), v_answer));
end $$;

revoke all on function keyctl.link_url from public;
grant execute on function keyctl.link_url to keyctl_operator;
