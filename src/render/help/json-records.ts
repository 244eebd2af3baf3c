import { inside, type JsonRecord, words } from './record-fields.js';
import { reportRecords } from './report-records.js';
import { rotationEndRecords, rotationRecords } from './rotation-records.js';

/** A key's own columns. */
const key =
  words(`key_id external_id name prefix status version family_id replaces replaced_by origin fingerprint
  verifiable weak decoy owner owner_name user_id workspace_id workspace_access[] scopes[] level models[] features[]
  environment used_by[] description justification allowed_ips[] rpm rph burst concurrency quota_requests quota_tokens
  budget_usd budget_alerts[] auto_suspend billing_contact policy exempt_reason on_expiry review_every_seconds reviewed_at created_at created_by activated_at delivered_to[] last_used_at expires_at usable_until
  retire_on retire_reason retirement_phase suspended_at suspended_until suspension_reason replaced_at revoked_at revoked_by
  revocation_reason revocation_code`);

/** A key as lists, `show` and `lineage` print it: with what waits for it by date. */
const plannedKey = [...key, ...words('review_due_at rotation_due_at rotation_due_cause left_out')];

const recentUse =
  words(`requests accepted requests_per_minute unique_ips endpoints[].endpoint endpoints[].requests
  user_agents[].user_agent user_agents[].requests`);

/** What would break: before a key is stopped. */
const blastRadius = words('dry_run count').concat(
  inside('keys[]', [
    ...words('key_id name version status owner scopes[] last_used_at'),
    ...inside('last_hour', recentUse),
    ...inside('last_day', recentUse),
    ...words('new_ips_in_last_hour events_as_of family[].key_id family[].version family[].status'),
  ]),
);

const block = words('cidr blocked_at blocked_by blocked_until reason');
const serverState = words(
  'state state_before dry_run database server_major pid data_directory socket_directory log',
);
const counts = words('requests errors unique_ips bytes tokens cost_usd first_at last_at');
const usageScope = words('key_id family_id owner since until as_of');

const keyRecords: readonly JsonRecord[] = [
  {
    printedBy: 'keys create',
    fields:
      words(`operation_id key_id key fingerprint name version scopes[] created_at expires_at delivered_to[]
      audit_seq rotation_id old_key_id old_fingerprint old_key_status grace_ends_at`),
  },
  { printedBy: 'keys create --dry-run', fields: words('dry_run count keys[]{}') },
  { printedBy: 'keys list', fields: [...inside('keys[]', plannedKey), 'next_cursor'] },
  {
    printedBy: 'keys show',
    fields: [
      ...plannedKey,
      ...inside('effective_limits', words('percent rpm rph burst concurrency')),
      ...inside('used', words('last_minute last_hour month_requests month_tokens month_cost_usd')),
      ...inside(
        'usage',
        words(`since until as_of requests errors unique_ips bytes endpoints[].endpoint endpoints[].requests
          endpoints[].errors`),
      ),
      ...inside('family[]', words('key_id version status')),
      ...inside('rotations[]', words('rotation_id state old_key_id new_key_id grace_ends_at commit_pending')),
    ],
  },
  {
    printedBy: 'keys update',
    fields: [
      'operation_id',
      ...inside('results[]', words('key_id outcome before{} after{} audit_seq error')),
      ...words('updated unchanged failed'),
    ],
  },
  {
    printedBy: 'keys update --dry-run',
    fields: words('dry_run count keys[].key_id keys[].before{} keys[].after{}'),
  },
  {
    printedBy: 'keys suspend',
    fields: [
      'operation_id',
      ...inside('results[]', words('key_id outcome suspended_at suspended_until reason audit_seq error')),
      ...words('suspended already_suspended failed'),
    ],
  },
  {
    printedBy: 'keys resume',
    fields: [
      'operation_id',
      ...inside('results[]', words('key_id outcome status audit_seq error')),
      ...words('resumed not_suspended failed'),
    ],
  },
  {
    printedBy: 'keys retire',
    fields: [
      'operation_id',
      ...inside(
        'results[]',
        words('key_id outcome retire_on phase retire_on_before expires_at audit_seq error'),
      ),
      ...words('planned moved already_planned failed'),
    ],
  },
  {
    printedBy: 'keys retire --cancel',
    fields: [
      'operation_id',
      ...inside(
        'results[]',
        words('key_id outcome retire_on phase retire_on_before expires_at audit_seq error'),
      ),
      ...words('cancelled not_planned failed'),
    ],
  },
  {
    printedBy: 'keys retire --dry-run',
    fields: [
      ...words('dry_run count retire_on phases[].phase phases[].at'),
      ...inside('keys[]', words('key_id name status retire_on_before expires_at last_used_at')),
    ],
  },
  {
    printedBy: 'keys review',
    fields: [
      ...inside(
        'reviews[]',
        words(`key_id name version status owner policy environment scopes[] review_every_seconds reviewed_at
          review_due_at last_used_at`),
      ),
      'next_cursor',
    ],
  },
  {
    printedBy: 'keys review KEY',
    fields: [
      ...inside('keys[]', [
        ...words(`key_id name version status owner scopes[] allowed_ips[] models[] models_not_used[] reviewed_at
          review_due_at last_used_at`),
        ...inside(
          'used',
          words(`since as_of requests errors endpoints[].endpoint endpoints[].requests endpoints[].errors endpoint_count
            ips[].ip ips[].requests ips[].errors ip_count models[].model models[].requests models[].errors`),
        ),
      ]),
      'next_cursor',
    ],
  },
  {
    printedBy: 'keys review KEY --decision',
    fields: [
      'operation_id',
      ...inside(
        'results[]',
        words(
          'key_id outcome decision reviewed_at next_review_at before{} after{} revoked_at audit_seq error',
        ),
      ),
      ...words('reviewed failed'),
    ],
  },
  {
    printedBy: 'keys review KEY --decision --dry-run',
    fields: words('dry_run count keys[].key_id keys[].decision keys[].before{} keys[].after{}'),
  },
  {
    printedBy: 'keys policy list',
    fields: [
      ...inside(
        'policies[]',
        words(`name applies_to rotate_every_seconds grace_seconds keep_previous review_every_seconds
          expires_within_seconds keys rotations_due left_out reviews_due set_at set_by`),
      ),
      'next_cursor',
    ],
  },
  {
    printedBy: 'keys policy set',
    fields: words('operation_id name applies_to outcome before{} after{} audit_seq'),
  },
  {
    printedBy: 'keys policy set --dry-run',
    fields: words('dry_run count name applies_to keys before{} after{}'),
  },
  { printedBy: 'keys verify', fields: words('valid decision key_id version owner scopes[] successor_id') },
  {
    printedBy: 'keys identify',
    fields: [
      ...words('source complete gaps[]'),
      ...inside(
        'tokens[]',
        words(`verdict key_id status name version owner successor_id redacted fingerprint cause times places[].kind
          places[].source places[].commit places[].path places[].object places[].line places[].column`),
      ),
      ...words('live dead unknown'),
    ],
  },
  {
    printedBy: 'keys explain',
    fields: [
      ...words('key_id version status decision accepted reason at ip scope workspace model feature'),
      ...inside('changes[]', words('at status decision')),
      'retirement_phase',
      ...inside('limits', words('percent rpm rph burst concurrency quota_requests quota_tokens budget_usd')),
      ...inside(
        'used',
        words(`last_minute last_hour peak_minute peak_minute_at peak_hour peak_hour_at month_requests month_tokens
          month_cost_usd events_as_of`),
      ),
    ],
  },
  {
    printedBy: 'keys lineage',
    fields: [
      'family_id',
      ...inside('keys[]', [...plannedKey, ...inside('events[]', words('at action actor reason audit_seq'))]),
      'next_cursor',
    ],
  },
  {
    printedBy: 'keys block-ip',
    fields: words('operation_id cidr outcome blocked_at blocked_until reason audit_seq'),
  },
  {
    printedBy: 'keys block-ip --dry-run',
    fields: [
      ...words('dry_run count cidr'),
      ...inside(
        'last_day',
        words('requests accepted keys most[].key_id most[].name most[].requests most[].accepted'),
      ),
    ],
  },
  { printedBy: 'keys unblock-ip', fields: words('operation_id cidr outcome audit_seq') },
  {
    printedBy: 'keys unblock-ip --dry-run',
    fields: [...words('dry_run count'), ...inside('blocked_ips[]', block)],
  },
  {
    printedBy: 'keys import',
    fields: [
      ...words(`operation_id source dry_run rows imported unchanged conflicts conflicts_by_cause{} rejected
        rejected_by_cause{} weak tracked_only revoked replaced unlinked audit_seq`),
      ...inside('problems[]', words('line outcome cause column external_id key_id')),
    ],
  },
  { printedBy: 'keys blocked-ips', fields: [...inside('blocked_ips[]', block), 'next_cursor'] },
];

const sideCounts = words('requests errors unique_ips bytes tokens cost_usd requests_per_hour');
const usual = words('median mad hours far_above_from');
const limitUse = words('cost_usd budget_usd requests quota_requests tokens quota_tokens worst_percent');

const auditRecords: readonly JsonRecord[] = [
  {
    printedBy: 'revoke',
    fields: [
      'operation_id',
      ...inside('results[]', [
        ...words('key_id outcome revoked_at revoked_by reason audit_seq error'),
        ...inside('verification', words('dead after_seconds last_accepted_at events_as_of probe_status')),
      ]),
      ...words('revoked already_revoked failed'),
    ],
  },
  { printedBy: 'revoke --dry-run', fields: blastRadius },
  { printedBy: 'keys suspend --dry-run', fields: blastRadius },
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
      ...inside('groups[]', words('endpoint ip agent hour status model version owner')),
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
      keys_adopted first_at last_at exposed[].key_id exposed[].name exposed[].status exposed[].times audit_seq`),
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

const partition = words('name holds from until rows_estimate bytes');

const databaseRecords: readonly JsonRecord[] = [
  {
    printedBy: 'db status',
    fields: words(`source embedded host port database role superuser roles[] server_version tls server_state
      data_directory socket_directory log pid schema_state schema_fingerprint program_fingerprint pending_migrations[]
      pending_kernel_files[] removed_functions[] may_migrate database_id keys audit_rows events_estimate partitions
      first_week last_week database_bytes usage_bytes`),
  },
  {
    printedBy: 'db migrate',
    fields: words(
      'host port database role dry_run migrations[] kernel_files[] removed_functions[] audit_seq',
    ),
  },
  { printedBy: 'db start', fields: serverState },
  { printedBy: 'db stop', fields: serverState },
  {
    printedBy: 'db roles',
    fields: [...inside('roles[]', words('role member login via on_search_path')), 'next_cursor'],
  },
  { printedBy: 'db partitions', fields: ['made', ...inside('partitions[]', partition)] },
  {
    printedBy: 'db retention --dry-run',
    fields: [...words('dry_run keep_seconds'), ...inside('partitions[]', partition)],
  },
  {
    printedBy: 'db retention',
    fields: [
      ...words('operation_id outcome before hours audit_seq'),
      ...inside('partitions[]', words('name from until rows_estimate bytes')),
    ],
  },
  { printedBy: 'db roles grant', fields: words('operation_id outcome member role search_path audit_seq') },
  { printedBy: 'db roles grant --dry-run', fields: words('dry_run member role') },
  {
    printedBy: 'doctor',
    fields: [
      ...inside('checks[]', words('name verdict finding command fixable')),
      ...words('problems warnings not_checked fixed[]'),
    ],
  },
  {
    printedBy: 'demo',
    fields:
      words(`database made dry_run seed history_from history_until loaded_at keys owners events stray_events
      leaked_key_id rotated_key_id successor_id try[].purpose try[].command`),
  },
];

const helpRecords: readonly JsonRecord[] = [
  { printedBy: 'help exit-codes', fields: words('exit_codes[].code exit_codes[].meaning') },
  { printedBy: 'help json', fields: words('records[].printed_by records[].fields[]') },
  {
    printedBy: 'help states',
    fields: inside('states[]', words('status usable meaning leads_to[]')),
  },
  { printedBy: 'help roles', fields: inside('roles[]', words('role may includes[]')) },
  {
    printedBy: '(errors)',
    fields: inside('error', words('code message hint exit_code outcome operation_id')),
  },
];

export const jsonRecords: readonly JsonRecord[] = [
  ...keyRecords,
  ...rotationRecords,
  ...rotationEndRecords,
  ...auditRecords,
  ...reportRecords,
  ...databaseRecords,
  ...helpRecords,
];
