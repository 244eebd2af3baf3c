import { inside, type JsonRecord, words } from './record-fields.js';

/** A rotation, as lists, `rotate status ID` and plans print it. */
const rotation =
  words(`rotation_id state kind dead commit_pending compromised operation_id family_id old_key_id old_name old_version
  old_fingerprint old_status new_key_id new_name new_version new_fingerprint new_status deliver_to[] reason prepared_at
  prepared_by age_seconds activated_at grace_seconds grace_ends_at ended_at finalized_at aborted_at
  successor_last_used_at old_last_used_at as_of quiet_seconds straggler_count refused_requests`);

/** Who presents an old key. */
const use = words('ip user_agent endpoint requests first_at last_at');

/** What every end of a rotation says first. */
const end = words('operation_id outcome rotation_id key_id fingerprint old_key_id old_fingerprint');
const plan = [...words('dry_run count'), ...inside('rotations[]', rotation)];
const keyFacts = words('key_id name version status owner scopes[] last_used_at');

const issued =
  words(`operation_id key_id key fingerprint name version scopes[] created_at expires_at delivered_to[]
  audit_seq rotation_id old_key_id old_fingerprint old_key_status grace_ends_at`);

/** One key of several: `outcome` is rotated, repeated, unfinished, unproven, undelivered, refused, failed, skipped or unknown. */
const rotated = [...words('outcome'), ...issued, ...words('ended_key_ids[] probe_status error')];
const delivery = words('dry_run count rotation_id key_id deliver_to[]');

/** What makes rotations and finishes them. */
export const rotationRecords: readonly JsonRecord[] = [
  { printedBy: 'rotate KEY|SELECTION', fields: issued },
  {
    printedBy: 'rotate (several keys)',
    fields: ['operation_id', ...inside('results[]', rotated), ...words('rotated skipped failed')],
  },
  {
    printedBy: 'rotate --dry-run',
    fields: [
      ...words('dry_run count'),
      ...inside('keys[]', words('key_id name version status grace_seconds obstacle deliver_to[]')),
    ],
  },
  {
    printedBy: 'rotate due',
    fields: [
      'operation_id',
      ...inside('results[]', [...rotated, ...words('left_out left_out_reason')]),
      ...words('rotated resumed finalized retired suspended aborted skipped exempt failed stopped due'),
    ],
  },
  {
    printedBy: 'rotate due --dry-run',
    fields: [
      ...words('dry_run count'),
      ...inside(
        'keys[]',
        words('key_id name version due_at due_cause left_out left_out_reason deliver_to[] problem'),
      ),
      'next_cursor',
    ],
  },
  { printedBy: 'rotate resume', fields: issued },
  { printedBy: 'rotate resume --dry-run', fields: delivery },
  { printedBy: 'rotate reissue', fields: issued },
  { printedBy: 'rotate reissue --dry-run', fields: delivery },
  {
    printedBy: 'revoke --replace',
    fields: [
      ...words('operation_id incident_id'),
      ...inside(
        'results[]',
        words('key_id outcome revoked_at revoked_by reason audit_seq error verification'),
      ),
      ...words('revoked already_revoked failed'),
      ...inside('replacements[]', rotated),
    ],
  },
];

/** What shows and ends rotations. */
export const rotationEndRecords: readonly JsonRecord[] = [
  { printedBy: 'rotate status', fields: [...inside('rotations[]', rotation), 'next_cursor'] },
  {
    printedBy: 'rotate status ID',
    fields: [
      ...rotation,
      'successor_first_used_at',
      ...inside('stragglers[]', use),
      ...inside('refusals[]', use),
      ...inside('accepted_after_end[]', use),
    ],
  },
  {
    printedBy: 'rotate finalize',
    fields: [
      ...end,
      ...words(`old_key_status finalized_at when_quiet_seconds not_quiet_because successor_last_used_at old_last_used_at
        as_of quiet_seconds grace_ends_at`),
      ...inside('stragglers[]', use),
      'audit_seq',
    ],
  },
  {
    printedBy: 'rotate finalize --dry-run',
    fields: [...plan, ...words('when_quiet_seconds not_quiet_because'), ...inside('stragglers[]', use)],
  },
  { printedBy: 'rotate extend', fields: [...end, ...words('grace_ends_at grace_ended_at_before audit_seq')] },
  { printedBy: 'rotate extend --dry-run', fields: [...plan, 'grace_seconds'] },
  { printedBy: 'rotate abort', fields: [...end, ...words('aborted_at audit_seq')] },
  { printedBy: 'rotate abort --dry-run', fields: plan },
  {
    printedBy: 'rotate replace',
    fields:
      words(`operation_id key_id key fingerprint name version scopes[] created_at expires_at delivered_to[]
      audit_seq rotation_id old_key_id old_fingerprint old_key_status grace_ends_at ended[].key_id ended[].ended_at`),
  },
  {
    printedBy: 'rotate replace --dry-run',
    fields: [
      ...words('dry_run count grace_seconds obstacle'),
      ...inside('old_key', keyFacts),
      ...inside('new_key', keyFacts),
    ],
  },
];
