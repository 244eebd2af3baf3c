-- The queue of rollups by hour instead of by key and hour: one row stands for thousands of keys, and where much came in, the whole
-- hour is remade in one pass over its stretch of the log. `keys` null means every key of the hour. `filed` events came in since it was
-- last remade; where the whole hour is meant, its rows counted `rolled` before. The table stays the same one: a view stands on it.
create table keyctl.touched_hours as
select t.hour, array_agg(t.key_id) as keys, count(*) as filed from keyctl.usage_touched t group by t.hour;
--> statement-breakpoint
truncate keyctl.usage_touched;
--> statement-breakpoint
alter table keyctl.usage_touched drop constraint usage_touched_pkey, drop column key_id, add column keys text[],
  add column filed bigint not null, add column rolled bigint not null default 0, add primary key (hour);
--> statement-breakpoint
insert into keyctl.usage_touched (hour, keys, filed) select hour, keys, filed from keyctl.touched_hours;
--> statement-breakpoint
drop table keyctl.touched_hours;
--> statement-breakpoint
-- Rollups come in the order of time: without its summaries an hour is looked for in everything that was added since the last vacuum.
alter index keyctl.usage_hours_hour_idx set (autosummarize = on);
