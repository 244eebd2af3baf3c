-- A reason that an auditor can use (CLI.md): at least 8 characters, one line, and something left after taking out
-- punctuation and the words that say nothing. KC422 otherwise. Twin of src/domain/reason.ts, which says it better
-- and earlier; this one holds for a bare psql too.
create or replace function keyctl.check_reason(p_reason text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_reason text := btrim(p_reason);
  v_said text;
begin
  -- Compatibility forms, underscores and invisible characters would dress up "revoked" as something else.
  v_said := regexp_replace(lower(normalize(v_reason, nfkc)), '[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]', '', 'g');
  v_said := regexp_replace(v_said, '(^|[^[:alnum:]])n/a($|[^[:alnum:]])', ' ', 'g');
  v_said := regexp_replace(v_said, '[^[:alnum:]]+', ' ', 'g');
  v_said := regexp_replace(v_said, '\m(revoked?|old|test(ing)?|rotated?|rotation|key|none|temp|deleted?|reason)\M', '', 'g');
  if v_reason is null or length(v_reason) < 8 or length(v_reason) > 2000 or v_reason ~ '[\x01-\x1f\x7f]' or btrim(v_said) = '' then
    raise exception using errcode = 'KC422', message = 'the reason says nothing: write what happened, for example "leaked in acme/app commit 7a3f21"';
  end if;
  return v_reason;
end $$;

revoke all on function keyctl.check_reason from public;
