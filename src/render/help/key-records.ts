import { inside, type JsonRecord, words } from './record-fields.js';

/** A key's own columns. */
const key =
  words(`key_id external_id name prefix status version family_id replaces replaced_by origin fingerprint
  verifiable weak decoy owner owner_name user_id workspace_id workspace_access[] scopes[] level models[] features[]
  environment used_by[] description justification allowed_ips[] rpm rph burst concurrency quota_requests quota_tokens
  budget_usd budget_alerts[] auto_suspend billing_contact policy exempt_reason on_expiry review_every_seconds reviewed_at created_at created_by activated_at delivered_to[] last_used_at expires_at usable_until
  retire_on retire_reason retirement_phase suspended_at suspended_until suspension_reason replaced_at revoked_at revoked_by
  revocation_reason revocation_code`);

/** A key as lists, `show` and `lineage` print it: with what waits for it by date. */
export const plannedKey = [...key, ...words('review_due_at rotation_due_at rotation_due_cause left_out')];

/** Keys made, listed, changed, suspended and retired. */
export const keyRecords: readonly JsonRecord[] = [
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
      ...inside('incidents[]', words('incident_id title severity state')),
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
];
