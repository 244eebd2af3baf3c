/** Why a row of an import is not taken, with the words for it. The names are part of the contract (`rejected_by_cause`). */
export const rowCauses = {
  bad_csv: 'a quote stands where none can stand',
  bad_columns: 'another number of fields than the header has',
  bad_json: 'not a JSON object',
  bad_value: 'a value of this column that a key cannot have',
  bad_time: 'no date and time with its zone (2026-08-20T03:12:09Z)',
  bad_status: 'status is one of active, retiring, suspended, replaced, revoked, expired',
  bad_token: 'a token is 8 to 4096 visible ASCII characters without blanks',
  bad_digest: 'a digest is the SHA-256 of a token: 64 hex digits',
  token_checksum: 'has the form of a token of keyctl, and its checksum is wrong',
  digest_differs: 'the digest is not the SHA-256 of the token beside it',
  secret_elsewhere: 'the token stands in another column too, where everybody would see it',
  no_identity: 'nothing names the key: no external_id (or subkey), no token, no digest',
  contradiction: 'its status and its times contradict each other',
  duplicate: 'an earlier row has the same external_id or token',
  unknown_policy: 'there is no such policy here',
  broken_chain: 'replaces and replaced_by make no chain: a fork, or a circle',
  too_many_usable: 'more than two keys of one chain would be usable',
  no_successor: 'it is retiring, and no row is its successor',
} as const;

/** Why a row cannot be taken because of a key that is here already. */
export const conflictCauses = {
  known_key: 'this token was issued here',
  adopted: 'it was adopted from a log under this name',
  other_external_id: 'its token is here already, under another external_id',
  other_token: 'its external_id is here already, with another token',
  other_data: 'it is here already, with other data',
  dead_in_file: 'it is dead in the file and alive here: keyctl revoke it',
  meanwhile: 'a part of its chain came in by another import just now',
} as const;

export type RowCause = keyof typeof rowCauses;

/** A row that cannot be read. Nothing of its content: it may be a secret. */
export interface RowProblem {
  /** From 1, of the file; a record of several lines is named by its first. */
  readonly line: number;
  readonly cause: RowCause;
  readonly column: ImportColumn | null;
}

/** What a file may say of a key. */
export const importColumns = [
  ...([
    'external_id',
    'name',
    'token',
    'digest',
    'owner',
    'owner_name',
    'user_id',
    'workspace',
    'scopes',
  ] as const),
  ...([
    'prefix',
    'environment',
    'level',
    'policy',
    'description',
    'justification',
    'models',
    'features',
  ] as const),
  ...([
    'used_by',
    'allowed_ips',
    'rpm',
    'rph',
    'burst',
    'concurrency',
    'quota_requests',
    'quota_tokens',
  ] as const),
  ...([
    'budget_usd',
    'expires_at',
    'created_at',
    'last_used_at',
    'status',
    'revoked_at',
    'revoke_reason',
  ] as const),
  ...(['replaced_by', 'replaces'] as const),
] as const;

export type ImportColumn = (typeof importColumns)[number];

/** The names that other systems use for the same. */
const otherNames: Readonly<Record<string, ImportColumn>> = {
  subkey: 'external_id',
  friendly_name: 'name',
  email: 'owner',
};

/** The column of a name in any case, with blanks or hyphens for underscores; null when there is none. */
export function columnOf(name: string): ImportColumn | null {
  const plain = name.trim().toLowerCase().replace(/[ -]/g, '_');
  return importColumns.find((column) => column === plain) ?? otherNames[plain] ?? null;
}
