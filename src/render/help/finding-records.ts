import { inside, type JsonRecord, words } from './record-fields.js';

const evidence = inside(
  'evidence',
  words(`summary counted_since counted_until factors[].what factors[].value factors[].usual top_ips[].value top_ips[].requests
    top_ips[].new top_endpoints[].value top_endpoints[].requests top_endpoints[].new history_days suggests`),
);

const seen = [
  ...words(`finding_id detector family severity key_id key_name external_id ip window_start window_end detected_at
    observed expected_low expected_high bits`),
  ...evidence,
  'reproduce_sql',
];

const finding = [
  ...seen,
  ...words(`family_id key_status owner cause last_seen_at status status_at status_by status_reason
    incident_id`),
];

const changed = words(
  'operation_id results[].finding_id results[].outcome incident_id suppressed_until audit_seq',
);
const plan = [
  ...words('dry_run count'),
  ...inside('findings[]', words('finding_id status detector key_id ip')),
];
const rule =
  words(`name detector least_severity response lasts_seconds most_per_hour responses_in_last_day set_at
  set_by`);

/** What detection finds, and what is done about it. */
export const findingRecords: readonly JsonRecord[] = [
  {
    printedBy: 'audit anomalies',
    fields: [
      ...inside('findings[]', [...seen, 'risk_points']),
      ...inside('keys[]', words('key_id external_id risk severity families{}')),
      ...words('alert_budget_per_day as_of'),
      ...inside('responses[]', words('finding_id rule_name response outcome why key_id ip until audit_seq')),
    ],
  },
  { printedBy: 'audit findings list', fields: [...inside('findings[]', finding), 'next_cursor'] },
  { printedBy: 'audit findings show', fields: finding },
  { printedBy: 'audit findings ack', fields: changed },
  { printedBy: 'audit findings ack --dry-run', fields: plan },
  { printedBy: 'audit findings dismiss', fields: changed },
  { printedBy: 'audit findings dismiss --dry-run', fields: plan },
  { printedBy: 'audit findings escalate', fields: changed },
  { printedBy: 'audit findings escalate --dry-run', fields: plan },
  { printedBy: 'audit responses list', fields: [...inside('responses[]', rule), 'next_cursor'] },
  {
    printedBy: 'audit responses set',
    fields: words('operation_id name outcome before{} after{} audit_seq'),
  },
  { printedBy: 'audit responses set --dry-run', fields: words('dry_run count name before{} after{}') },
  { printedBy: 'audit responses remove --dry-run', fields: words('dry_run count name before{} after{}') },
  {
    printedBy: 'audit responses remove',
    fields: words('operation_id name outcome before{} after{} audit_seq'),
  },
  {
    printedBy: 'help detectors',
    fields: inside('detectors[]', words('name family summary rule source asked_about budgeted')),
  },
];
