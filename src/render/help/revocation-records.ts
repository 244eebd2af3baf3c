import { inside, type JsonRecord, words } from './record-fields.js';

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

/** What stops keys, and what it would break. */
export const revocationRecords: readonly JsonRecord[] = [
  {
    printedBy: 'revoke',
    fields: [
      ...words('operation_id incident_id'),
      ...inside('results[]', [
        ...words('key_id outcome revoked_at revoked_by reason audit_seq error'),
        ...inside('verification', words('dead after_seconds last_accepted_at events_as_of probe_status')),
      ]),
      ...words('revoked already_revoked failed'),
    ],
  },
  { printedBy: 'revoke --dry-run', fields: blastRadius },
  { printedBy: 'keys suspend --dry-run', fields: blastRadius },
];
