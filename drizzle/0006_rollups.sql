-- Rollups: one row a key and hour, remade from the events themselves whenever events of that hour came in. Like the events
-- (F15) without foreign key, trigger or identity, and with the distribution column in every primary key that counts events.
-- Described in src/db/reads/rollups.ts.

-- Which transaction filed an event: what came since the last rollup is known exactly, whoever inserted it, however late its
-- ts or its commit. Events that are there already count as filed before everything (no rewrite of the table).
alter table keyctl.usage_events add column filed_xid bigint not null default 0;
--> statement-breakpoint
alter table keyctl.usage_events alter column filed_xid set default (pg_current_xact_id()::text::bigint);
--> statement-breakpoint
-- A few kB a week of events: transaction ids only grow along a heap.
create index usage_events_filed_idx on keyctl.usage_events using brin (filed_xid) with (autosummarize = on);
--> statement-breakpoint
-- Counts of a closed hour are exact; those of an open one are as of its last rollup. `by_endpoint` holds {endpoint: [requests,
-- errors, bytes]}, `by_ip` {ip_text: [requests, errors, refused, bytes]}: distinct addresses of any window are the union of
-- their names. Events that name no endpoint or no address are in the totals only.
create table keyctl.usage_hours (
  key_id text not null,
  hour timestamptz(6) not null,
  requests bigint not null,
  errors bigint not null,
  refused bigint not null,
  limited bigint not null,
  bytes bigint,
  tokens bigint,
  cost_usd numeric(20, 6),
  last_at timestamptz(6) not null,
  by_endpoint jsonb not null,
  by_ip jsonb not null,
  primary key (key_id, hour)
);
--> statement-breakpoint
create index usage_hours_hour_idx on keyctl.usage_hours using brin (hour);
--> statement-breakpoint
-- The hours that have to be remade: a queue that a killed rollup leaves as it was. In the order of its one index: filling it
-- costs a fifth of what a second index on the hour and an order of its own cost (500,000 hours: 5 s instead of 23).
create table keyctl.usage_touched (
  key_id text not null,
  hour timestamptz(6) not null,
  touched_at timestamptz(6) not null default clock_timestamp(),
  primary key (key_id, hour)
);
--> statement-breakpoint
-- What the last rollup saw. Events of transactions that this snapshot does not see are still to be collected. A dump restored
-- on another server counts its transactions anew: then `cluster` differs and everything is collected again.
create table keyctl.rollup_state (
  one boolean primary key default true constraint rollup_state_one_row check (one),
  seen pg_snapshot,
  cluster bigint,
  collected_at timestamptz(6),
  baselines_at timestamptz(6)
);
--> statement-breakpoint
insert into keyctl.rollup_state default values;
--> statement-breakpoint
-- Which alerts went out: once per family, month and threshold.
create table keyctl.budget_alerts (
  family_id text not null,
  month date not null,
  percent integer not null check (percent between 1 and 100),
  key_id text not null,
  kind text not null check (kind in ('budget', 'quota_requests', 'quota_tokens')),
  used numeric not null,
  allowed numeric not null,
  raised_at timestamptz(6) not null default clock_timestamp(),
  primary key (family_id, month, percent)
);
--> statement-breakpoint
-- What is usual for a family. `requests` and `bytes` hold 168 times [median, MAD, weeks with any request], one for each hour of the
-- week from Monday 00:00 UTC, null without a sample; `networks` (/24, /48), `endpoints` and `agents` hold {name: first seen}.
create table keyctl.usage_baselines (
  family_id text primary key,
  made_at timestamptz(6) not null,
  since timestamptz(6) not null,
  until timestamptz(6) not null,
  weeks integer not null,
  requests jsonb not null,
  bytes jsonb not null,
  networks jsonb not null,
  endpoints jsonb not null,
  agents jsonb not null
);
