import { inside, type JsonRecord, words } from './record-fields.js';

const serverState = words(
  'state state_before dry_run database server_major pid data_directory socket_directory log',
);
const partition = words('name holds from until rows_estimate bytes');

/** The database itself, and what looks after it. */
export const databaseRecords: readonly JsonRecord[] = [
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
  {
    printedBy: 'db partitions',
    fields: [...words('dry_run made keep_seconds'), ...inside('partitions[]', [...partition, 'would_drop'])],
  },
  {
    printedBy: 'db partitions --attach',
    fields: words('operation_id outcome name from until rows bytes audit_seq'),
  },
  {
    printedBy: 'db partitions --attach --dry-run',
    fields: words('dry_run outcome name from until rows bytes'),
  },
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
