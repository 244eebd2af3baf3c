-- What people call every key that was ever usable, in the words of the systems that keyctl takes over from (see
-- audit_events).
create or replace view keyctl.subkey_names as
select coalesce(k.external_id, k.id) as subkey, k.name as friendly_name, o.email, k.created_at
from keyctl.api_keys k
left join keyctl.owners o on o.owner_id = k.owner_id
where k.activated_at is not null;
