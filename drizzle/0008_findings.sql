-- Findings of the detectors: what was seen, against what, and what became of it.
create table keyctl.findings (
  finding_id text primary key constraint findings_id_form check (finding_id ~ '^fnd_[0-9A-Za-z]{12}$'),
  detector text not null,
  detector_family text not null check (detector_family in ('volume', 'origin', 'auth', 'content', 'time', 'lifecycle')),
  severity text not null check (severity in ('critical', 'high', 'medium', 'low', 'info')),
  -- Both null: a finding about an address that used no key of ours.
  key_id text,
  family_id text,
  ip text,
  -- What tells two findings of one detector about one key apart: the network, the endpoint, the metric.
  cause text not null,
  -- What makes two of them one, hashed: mostly detector, family, address and cause; of an attacker who tries many keys the address.
  story text not null default gen_random_uuid()::text,
  onset_at timestamptz(6) not null,
  window_start timestamptz(6) not null,
  window_end timestamptz(6) not null,
  detected_at timestamptz(6) not null default clock_timestamp(),
  observed double precision not null,
  expected_low double precision,
  expected_high double precision,
  bits double precision,
  -- Against the scores of the whole fleet; null: a rule, or no scores to hold it against.
  calibrated_bits double precision,
  weight double precision not null check (weight between 0 and 1),
  evidence jsonb not null,
  reproduce_sql text not null,
  -- The end of the newest window in which it showed; the numbers above are those of its strongest one.
  last_seen_at timestamptz(6) not null default clock_timestamp(),
  status text not null default 'open' check (status in ('open', 'acknowledged', 'dismissed', 'escalated')),
  status_at timestamptz(6),
  status_by text,
  status_reason text,
  incident_id text,
  constraint findings_about_something check (family_id is not null or ip is not null)
);
--> statement-breakpoint
create index findings_story_idx on keyctl.findings (story, last_seen_at desc);
--> statement-breakpoint
create index findings_family_idx on keyctl.findings (family_id, last_seen_at desc);
--> statement-breakpoint
create index findings_seen_idx on keyctl.findings (last_seen_at desc);
--> statement-breakpoint
create index findings_incident_idx on keyctl.findings (incident_id) where incident_id is not null;
--> statement-breakpoint
-- What nobody wants to hear of for a while: this story, and this family, detector and cause; nothing else.
create table keyctl.finding_suppressions (
  suppression_id uuid primary key default gen_random_uuid(),
  detector text not null,
  family_id text,
  ip text,
  cause text not null,
  story text not null,
  reason text not null,
  suppressed_at timestamptz(6) not null default clock_timestamp(),
  suppressed_by text not null default session_user,
  suppressed_until timestamptz(6) not null
);
--> statement-breakpoint
create index finding_suppressions_until_idx on keyctl.finding_suppressions (detector, suppressed_until desc);
--> statement-breakpoint
-- What is done by itself about a finding: off until somebody sets a rule. `most_per_hour` counts what all rules did in the whole
-- database. Which program is told of a `notify` is never kept here: whoever may write a table of the database must not choose what
-- runs on the machine that reads it.
create table keyctl.response_rules (
  rule_name text primary key,
  detector text,
  least_severity text not null check (least_severity in ('critical', 'high', 'medium')),
  response text not null check (response in ('suspend', 'step_down', 'block_ip', 'notify')),
  lasts_seconds bigint check (lasts_seconds > 0),
  most_per_hour integer not null default 3 check (most_per_hour between 1 and 100),
  set_at timestamptz(6) not null default clock_timestamp(),
  set_by text not null default session_user
);
--> statement-breakpoint
create table keyctl.responses (
  finding_id text not null,
  rule_name text not null,
  response text not null,
  key_id text,
  ip text,
  responded_at timestamptz(6) not null default clock_timestamp(),
  audit_seq bigint,
  primary key (finding_id, rule_name)
);
--> statement-breakpoint
create index responses_at_idx on keyctl.responses (responded_at);
--> statement-breakpoint
-- One row: how far live detection has looked, and the lock under which findings are recorded and responses counted.
create table keyctl.detection_state (
  one boolean primary key default true check (one),
  judged_until timestamptz(6)
);
--> statement-breakpoint
insert into keyctl.detection_state default values;
