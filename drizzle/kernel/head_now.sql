-- Where the audit log ends when this is called, and the hash of an earlier row of it: asked in the statement of a change,
-- after it, so that the program learns which head its change made without a round trip of its own. Volatile, because
-- only then it sees what the same statement did. Answers SEQ:HASH:HASH OF ROW p_seq, the last empty without such a row.
create or replace function keyctl.head_now(p_seq bigint) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (
    select h.seq || ':' || encode(h.hash, 'hex') || ':'
      || coalesce((select encode(a.hash, 'hex') from keyctl.audit_log a where a.seq = p_seq), '')
    from keyctl.audit_head h);
end $$;

revoke all on function keyctl.head_now from public;
grant execute on function keyctl.head_now to keyctl_viewer;
