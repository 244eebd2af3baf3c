-- Usage in the words of the systems that keyctl takes over from, so that the SQL of runbooks goes on working. A key is
-- named as they name it: by its external id, else by its id. Requests that named no known key are not in it.
create or replace view keyctl.audit_events as
select
  e.ts as "timestamp", coalesce(k.external_id, k.id) as api_key_id, e.endpoint,
  coalesce(e.ip_text, host(e.ip)) as ip_address, e.user_agent, e.status::integer as response_status
from keyctl.usage_events e
join keyctl.api_keys k on k.id = e.key_id;
