-- Incidents. Their timeline is the audit log itself (audit_log.incident_id): what happens writes it, and nothing of it can be erased.
create index audit_log_incident_idx on keyctl.audit_log (incident_id, seq) where incident_id is not null;
--> statement-breakpoint
-- Numbers without gaps: the next one is taken under the lock of this row.
create table keyctl.incident_counter (
  one boolean primary key default true constraint incident_counter_one_row check (one),
  last_number integer not null default 0
);
--> statement-breakpoint
insert into keyctl.incident_counter default values;
--> statement-breakpoint
create table keyctl.incidents (
  incident_id text primary key constraint incidents_id_form check (incident_id ~ '^INC-[1-9][0-9]*$'),
  number integer not null unique,
  title text not null,
  type text not null check (type in ('leak', 'abuse', 'departure', 'policy', 'budget')),
  severity text not null check (severity in ('critical', 'high', 'medium', 'low')),
  state text not null default 'open' check (state in ('open', 'acknowledged', 'contained', 'recovering', 'closed')),
  lead text,
  -- The playbook as it was when the walkthrough began: a later edit of a file changes no incident under way.
  playbook jsonb,
  opened_at timestamptz(6) not null default clock_timestamp(),
  opened_by text not null default session_user,
  detected_at timestamptz(6) not null,
  -- When each phase was done last. Done before `reopened_at`, it has to be done again: what was true then stays written here.
  acknowledged_at timestamptz(6),
  contained_at timestamptz(6),
  investigated_at timestamptz(6),
  recovered_at timestamptz(6),
  reviewed_at timestamptz(6),
  closed_at timestamptz(6),
  reopened_at timestamptz(6),
  root_cause text,
  lessons text,
  constraint incidents_closed_whole check ((state = 'closed') = (closed_at is not null))
);
--> statement-breakpoint
create table keyctl.incident_keys (
  incident_id text not null references keyctl.incidents (incident_id),
  key_id text not null,
  reason text,
  linked_at timestamptz(6) not null default clock_timestamp(),
  linked_by text not null default session_user,
  primary key (incident_id, key_id)
);
--> statement-breakpoint
create index incident_keys_key_idx on keyctl.incident_keys (key_id);
--> statement-breakpoint
create table keyctl.incident_links (
  incident_id text not null references keyctl.incidents (incident_id),
  url text not null,
  title text,
  linked_at timestamptz(6) not null default clock_timestamp(),
  linked_by text not null default session_user,
  primary key (incident_id, url)
);
--> statement-breakpoint
create table keyctl.incident_steps (
  incident_id text not null references keyctl.incidents (incident_id),
  step text not null,
  state text not null check (state in ('running', 'done', 'skipped')),
  -- The operation whose change this step is: a second process asks for its first answer instead of doing it again.
  operation_id uuid not null,
  taken_at timestamptz(6) not null default clock_timestamp(),
  taken_by text not null,
  -- The run that has it, by an id that it drew, and when that run was last heard of: one that died can be told from one at work.
  holder text,
  heard_at timestamptz(6) not null default clock_timestamp(),
  finished_at timestamptz(6),
  finished_by text,
  result jsonb not null default '{}',
  reason text,
  primary key (incident_id, step)
);
--> statement-breakpoint
create table keyctl.incident_follow_ups (
  follow_up_id text primary key,
  incident_id text not null references keyctl.incidents (incident_id),
  title text not null,
  owner text not null,
  due_on date not null,
  added_at timestamptz(6) not null default clock_timestamp(),
  added_by text not null default session_user,
  done_at timestamptz(6),
  done_by text
);
--> statement-breakpoint
create index incident_follow_ups_open_idx on keyctl.incident_follow_ups (due_on) where done_at is null;
--> statement-breakpoint
-- A time of the timeline that was wrong: the row of the log stays as it is, this says what is true.
create table keyctl.incident_corrections (
  incident_id text not null references keyctl.incidents (incident_id),
  audit_seq bigint not null,
  correct_at timestamptz(6) not null,
  reason text not null,
  corrected_at timestamptz(6) not null default clock_timestamp(),
  corrected_by text not null default session_user,
  primary key (incident_id, audit_seq)
);
--> statement-breakpoint
-- Use of a linked key after its death, counted by hour from the events themselves: an hour that is counted again says the same.
create table keyctl.incident_attempts (
  key_id text not null,
  hour timestamptz(6) not null,
  ip text not null,
  accepted boolean not null,
  requests bigint not null,
  first_at timestamptz(6) not null,
  last_at timestamptz(6) not null,
  primary key (key_id, hour, ip, accepted)
);
--> statement-breakpoint
create index incident_attempts_ip_idx on keyctl.incident_attempts (key_id, ip);
--> statement-breakpoint
-- Hours of linked keys in which events came in and nobody has looked yet; ingest and rollup fill it, `watch_incidents` empties it.
create table keyctl.incident_watch (
  key_id text not null,
  hour timestamptz(6) not null,
  queued_at timestamptz(6) not null default clock_timestamp(),
  primary key (key_id, hour)
);
--> statement-breakpoint
create table keyctl.incident_targets (
  severity text primary key check (severity in ('critical', 'high', 'medium', 'low')),
  acknowledge_seconds integer not null check (acknowledge_seconds > 0),
  contain_seconds integer not null check (contain_seconds > 0),
  investigate_seconds integer not null check (investigate_seconds > 0),
  recover_seconds integer not null check (recover_seconds > 0)
);
--> statement-breakpoint
insert into keyctl.incident_targets
select s, 300, 1800, 86400, 604800 from unnest(array['critical', 'high', 'medium', 'low']) s;
