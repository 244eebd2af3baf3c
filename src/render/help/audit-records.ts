import { inside, type JsonRecord, words } from './record-fields.js';

const counts = words('requests errors unique_ips bytes tokens cost_usd first_at last_at');
const usageScope = words('key_id family_id owner since until as_of');

const sideCounts = words('requests errors unique_ips bytes tokens cost_usd requests_per_hour');
const usual = words('median mad hours far_above_from');
const limitUse = words('cost_usd budget_usd requests quota_requests tokens quota_tokens worst_percent');

/** The audit log, and what keys were used for. */
export const auditRecords: readonly JsonRecord[] = [
  {
    printedBy: 'audit log',
    fields: [
      ...inside(
        'entries[]',
        words(`seq at operation_id action key_id key_name key_version family_id incident_id actor_db actor_os
          actor_claimed host reason ticket details{} answer{} prev_hash hash`),
      ),
      'next_cursor',
    ],
  },
  {
    printedBy: 'audit usage',
    fields: [
      ...usageScope,
      ...inside(
        'events[]',
        words(`ts key_id id key_version method endpoint object feature status ip user_agent bytes latency_ms tokens
          cost_usd model request_id`),
      ),
      'next_cursor',
    ],
  },
  {
    printedBy: 'audit usage --by',
    fields: [
      ...usageScope,
      'by',
      ...inside('total', counts),
      ...inside('groups[]', words('endpoint ip agent hour status model version key_id key_name owner')),
      ...inside('groups[]', counts),
      'group_count',
    ],
  },
  {
    printedBy: 'audit endpoints',
    fields: [
      ...words('key_id since until as_of'),
      ...inside('endpoints[]', words('endpoint requests unique_ips errors bytes')),
    ],
  },
  {
    printedBy: 'audit ingest',
    fields: words(`operation_id source complete dry_run events duplicates stray rejected rejected_by_cause{}
      keys_adopted first_at last_at exposed[].key_id exposed[].name exposed[].status exposed[].times audit_seq
      incidents_reopened[] incidents_attempted[]`),
  },
  {
    printedBy: 'audit checkpoint',
    fields:
      words(`operation_id outcome size hash origin vkey key_path key_created note sinks[].path sinks[].error
      audit_seq`),
  },
  {
    printedBy: 'audit checkpoint --dry-run',
    fields: words('dry_run count size key_path key_created sinks[]'),
  },
  {
    printedBy: 'audit owner',
    fields: [
      ...usageScope,
      'by',
      ...inside('total', counts),
      ...inside('groups[]', [...words('key_id key_name'), ...counts]),
      'group_count',
    ],
  },
  {
    printedBy: 'audit usage --split-at',
    fields: [
      ...words('key_id family_id owner split_at rotation_id as_of by'),
      ...['before', 'after'].flatMap((side) => inside(side, [...words('since until'), ...sideCounts])),
      ...inside('groups[]', ['endpoint', ...inside('before', sideCounts), ...inside('after', sideCounts)]),
    ],
  },
  {
    printedBy: 'audit exfil',
    fields: [
      ...words('key_id since until as_of history_since'),
      ...inside('usual_bytes', usual),
      ...inside('usual_objects', usual),
      ...inside('hours[]', words('hour requests bytes objects far_above')),
      ...inside('endpoints[]', words('endpoint requests bytes objects largest_bytes new bytes_series[]')),
    ],
  },
  {
    printedBy: 'audit limits',
    fields: [
      ...words('month as_of'),
      ...inside('keys[]', [
        ...words('key_id name owner status'),
        ...limitUse,
        ...words('peak_minute peak_minute_at rpm peak_hour peak_hour_at rph'),
      ]),
      ...inside('owners[]', [...words('owner keys'), ...limitUse]),
    ],
  },
  {
    printedBy: 'audit rollup',
    fields: [
      ...words('operation_id hours baselines as_of rolled_until queued_hours'),
      ...inside('suspended[]', words('key_id name suspended_until reason')),
      ...inside('alerts[]', words('key_id family_id name percents[] kind used allowed')),
      ...words('incidents_reopened[] incidents_attempted[]'),
    ],
  },
  {
    printedBy: 'audit export',
    fields:
      words(`file manifest what format filter{} rows bytes sha256 first_seq last_seq head_seq head database_id
      created_at audit_seq`),
  },
  {
    printedBy: 'audit verify',
    fields: words(`verdict rows first_seq last_seq head database_id first_bad_seq problem column message
      completeness_proven complete_up_to checkpoints checkpoints_refused[]`),
  },
];
