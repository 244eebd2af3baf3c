-- The tables that usage lies in, with the times they hold; null: without a bound on that side. `rows` is the server's estimate,
-- null when it has none yet.
create or replace view keyctl.usage_partitions as
select
  p.relname::text as parent,
  c.oid::regclass as partition,
  c.relname::text as name,
  substring(pg_get_expr(c.relpartbound, c.oid) from $$FROM \('([^']+)'\)$$)::timestamptz as from_at,
  substring(pg_get_expr(c.relpartbound, c.oid) from $$TO \('([^']+)'\)$$)::timestamptz as until_at,
  case when c.reltuples >= 0 then c.reltuples::bigint end as rows,
  pg_total_relation_size(c.oid) as bytes
from pg_inherits i
join pg_class c on c.oid = i.inhrelid
join pg_class p on p.oid = i.inhparent
where i.inhparent in ('keyctl.usage_events'::regclass, 'keyctl.stray_events'::regclass);
