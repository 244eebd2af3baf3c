import { inside, type JsonRecord, words } from './record-fields.js';

const overdue = words('key_id name owner due_at');
const mentions = inside('mentions[]', words('place rows'));

/** Reports, metrics, and what is stored about people. */
export const reportRecords: readonly JsonRecord[] = [
  {
    printedBy: 'audit report',
    fields: [
      ...words('kind database made_at since until as_of mean_seconds_from_detection'),
      ...inside('checks[]', words('code verdict value threshold unit')),
      ...inside(
        'keys',
        words(`by_status{} created created_before ended ended_before stale_7_days stale_30_days never_used
          expiring_30_days without_owner exempt weak rotations_due rotations_overdue reviews_due median_age_seconds
          oldest_age_seconds ages[].from_days ages[].keys`),
      ),
      ...inside(
        'usage',
        words(`requests errors unauthenticated forbidden limited server_errors stray cost_usd p95_latency_ms
          steps[].at steps[].requests steps[].errors`),
      ),
      ...inside('budgets[]', words('key_id name budget_usd spent_usd share')),
      ...inside(
        'rotations',
        words('activated on_time late overdue on_time_share days[].day days[].on_time days[].late'),
      ),
      ...inside('overdue_rotations[]', overdue),
      ...inside('overdue_reviews[]', overdue),
      ...inside('revocations[]', words('key_id name code reason revoked_at seconds_from_detection')),
      ...inside(
        'incidents',
        words(`open.critical open.high open.medium open.low overdue follow_ups_overdue opened closed reopened
          mean_seconds_to_acknowledge mean_seconds_to_contain mean_seconds_to_recover months[].month months[].opened
          months[].mean_seconds_to_acknowledge months[].mean_seconds_to_contain months[].mean_seconds_to_recover`),
      ),
      ...inside('changes', words('by_action{} with_reason without_ticket actors')),
      ...inside('evidence[]', words('framework control topic figure source')),
    ],
  },
  {
    printedBy: 'audit metrics',
    fields: words(
      'made_at metrics[].name metrics[].help metrics[].samples[].labels{} metrics[].samples[].value',
    ),
  },
  {
    printedBy: 'keys owner export',
    fields: [
      ...words('operation_id audit_seq owner_id email name user_id created_at forgotten_at not_in_here[]'),
      ...words('keys[]{} audit[]{}'),
      ...inside('usage[]', words('key_id requests errors unique_ips bytes tokens cost_usd first_at last_at')),
      ...mentions,
    ],
  },
  {
    printedBy: 'keys owner forget --dry-run',
    fields: [
      ...words('dry_run count owner_id owner'),
      ...inside('keys[]', words('key_id name status')),
      ...mentions,
    ],
  },
  {
    printedBy: 'keys owner forget',
    fields: [
      ...words('operation_id outcome owner_id keys billing_contacts forgotten_at audit_seq'),
      ...mentions,
    ],
  },
];
