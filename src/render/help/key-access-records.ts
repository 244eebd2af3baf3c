import { plannedKey } from './key-records.js';
import { inside, type JsonRecord, words } from './record-fields.js';

const block = words('cidr blocked_at blocked_by blocked_until reason');

/** What keys may do and why: reviews, policies, checks, lineage, blocked addresses; and keys brought in. */
export const keyAccessRecords: readonly JsonRecord[] = [
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
      ...words('source complete gaps[] incident_id'),
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
