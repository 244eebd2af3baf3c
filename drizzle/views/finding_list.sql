-- Findings with the key they are about, as it stands now. From the table of keys and not their view, because views are made in
-- the order of their names. New columns are added at the end only.
create or replace view keyctl.finding_list as
select
  f.finding_id, f.detector, f.detector_family, f.severity, f.key_id, f.family_id, f.ip, f.cause, f.story, f.onset_at, f.window_start,
  f.window_end, f.last_seen_at, f.detected_at, f.observed, f.expected_low, f.expected_high, f.bits, f.calibrated_bits, f.weight,
  f.evidence, f.reproduce_sql, f.status, f.status_at, f.status_by, f.status_reason, f.incident_id,
  k.name as key_name, k.external_id, k.version as key_version,
  case when k.id is not null then keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until,
    k.usable_until, k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, statement_timestamp()) end as key_status,
  k.last_used_at, o.email as owner
from keyctl.findings f
left join keyctl.api_keys k on k.id = f.key_id
left join keyctl.owners o on o.owner_id = k.owner_id;
