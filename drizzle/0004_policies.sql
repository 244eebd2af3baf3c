-- What teams commonly ask for; `keys policy set` changes it. Keys that name neither a policy nor an environment follow
-- `standard`.
insert into keyctl.policies (name, applies_to, rotate_every_seconds, grace_seconds) values
  ('high', 'policy', 30 * 86400, 86400),
  ('standard', 'policy', 90 * 86400, 86400),
  ('limited', 'policy', 180 * 86400, 86400),
  ('production', 'environment', 90 * 86400, null),
  ('staging', 'environment', 180 * 86400, null),
  ('development', 'environment', 180 * 86400, null);
--> statement-breakpoint
-- Reviews of access: every 90 days where a key or its policy asks for it; these are the ones that usually must.
update keyctl.policies set review_every_seconds = 90 * 86400 where name in ('high', 'production');
