-- What happened in an incident: the rows of the audit log that name it, in the order of the log. `at` is the corrected time where
-- somebody corrected it, `logged_at` what the log says.
create or replace view keyctl.incident_timeline as
select
  a.incident_id, a.seq, coalesce(c.correct_at, a.at) as at, a.at as logged_at, a.action, a.key_id, k.name as key_name, a.family_id,
  a.actor_db, a.actor_os, a.actor_claimed, a.host, a.reason, a.operation_id, a.record,
  c.reason as correction_reason, c.corrected_by, c.corrected_at
from keyctl.audit_log a
left join keyctl.incident_corrections c on c.incident_id = a.incident_id and c.audit_seq = a.seq
left join keyctl.api_keys k on k.id = a.key_id
where a.incident_id is not null;
