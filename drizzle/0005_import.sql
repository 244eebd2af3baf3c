-- Imports: the rows of a file wait here, outside of the log of writes, until all of them have come, because a chain may
-- name keys that stand further down. Only the kernel reads them: there are digests in them.
create table keyctl.import_runs (
  run_id uuid primary key,
  opened_at timestamptz(6) not null default clock_timestamp(),
  opened_by text not null default session_user,
  planned_at timestamptz(6),
  closed_at timestamptz(6),
  staged bigint not null default 0,
  -- Families up to this line are settled.
  done_until bigint not null default 0,
  imported bigint not null default 0
);
--> statement-breakpoint
create unlogged table keyctl.import_rows (
  run_id uuid not null,
  line bigint not null,
  key_id text not null,
  external_id text,
  digest bytea,
  prefix text,
  owner_email text,
  owner_name text,
  user_id text,
  settings jsonb not null,
  policy text,
  expires_at timestamptz(6),
  created_at timestamptz(6),
  last_used_at timestamptz(6),
  status text not null,
  ended_at timestamptz(6),
  end_reason text,
  replaces text,
  replaced_by text,
  -- Decided by import_plan: the rows before and after it in its chain, the chain's first row, its place in it.
  before_line bigint,
  after_line bigint,
  root_line bigint not null,
  version integer not null default 1,
  state text not null default 'planned' check (state in ('planned', 'imported', 'unchanged', 'conflict', 'rejected')),
  cause text,
  found_key_id text,
  primary key (run_id, line)
);
--> statement-breakpoint
create index import_rows_planned_idx on keyctl.import_rows (run_id, root_line) where state = 'planned';
--> statement-breakpoint
-- The name that other systems know a key by: what the views audit_events, key_lifecycle and subkey_names are asked for.
create index api_keys_known_as_idx on keyctl.api_keys ((coalesce(external_id, id)));
