-- What is usual for a family, for the detectors: one document a family (`Baseline` of src/domain/detect/baseline.ts), made from the
-- events before `until` by the program, never from later ones. `form` says which version of the document it is: another one is made anew.
drop table keyctl.usage_baselines;
--> statement-breakpoint
create table keyctl.usage_baselines (
  family_id text primary key,
  made_at timestamptz(6) not null default clock_timestamp(),
  since timestamptz(6) not null,
  until timestamptz(6) not null,
  form integer not null,
  -- Last use before `until`, and what each of the 48 slots of a week expects (requests an hour): of families that fell silent these are
  -- all that is asked, and 5,000 documents need not be opened for it.
  last_at timestamptz(6),
  expected_requests real[] not null,
  facts jsonb not null
);
--> statement-breakpoint
-- Scores of the whole fleet, for thresholds by an alert budget: of how many families the highest score of a day fell into which tenth
-- of a bit, by how busy they are (`stratum`, src/domain/detect/calibration.ts). Families that scored nothing are counted at 0.
create table keyctl.detection_scores (
  day date not null,
  detector text not null,
  stratum integer not null,
  tenth_bits integer not null,
  families bigint not null,
  primary key (day, detector, stratum, tenth_bits)
);
