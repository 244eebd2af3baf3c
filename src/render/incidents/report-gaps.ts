import type { IncidentReport } from '../../actions/incidents/report-incident.js';
import { minute } from '../report/figures.js';

/** What a report cannot say, and how it is filled. */
export interface Gap {
  readonly gap: string;
  readonly command: string | null;
}

/** Everything that is not known or not done, so that nobody takes silence for "nothing". */
export function gapsOf(report: IncidentReport): readonly Gap[] {
  return [...phaseGaps(report), ...keyGaps(report), ...usageGaps(report), ...workGaps(report)];
}

function phaseGaps({ row }: IncidentReport): Gap[] {
  const id = row.incident_id;
  const closed = row.state === 'closed';
  // A closed one takes notes and nothing else.
  const by = (command: string, note: string) =>
    closed ? `keyctl incidents note ${id} "${note}"` : `keyctl incidents ${command}`;
  const gap = (missing: boolean, text: string, command: string, note: string): Gap[] =>
    missing ? [{ gap: text, command: by(command, note) }] : [];
  return [
    ...gap(row.lead === null, 'nobody leads it', `assign ${id} jdoe@example.com`, 'led by …'),
    ...gap(row.acknowledged_at === null, 'it was not acknowledged', `ack ${id}`, 'taken up by … at …'),
    ...gap(
      row.contained_at === null,
      'containment is not recorded',
      `mark ${id} contained`,
      'contained at … by …',
    ),
    ...gap(
      row.root_cause === null,
      'the root cause is not recorded',
      `mark ${id} investigated --text "…"`,
      'root cause: …',
    ),
    ...gap(
      row.recovered_at === null,
      'recovery is not recorded',
      `mark ${id} recovered`,
      'recovered at … with …',
    ),
    ...gap(
      row.lessons === null && row.review_required,
      'the review is missing, with what was learned',
      `mark ${id} reviewed --text "…"`,
      'learned: …',
    ),
  ];
}

function keyGaps({ row, detail }: IncidentReport): Gap[] {
  const id = row.incident_id;
  const usable = detail.keys.filter(
    ({ status, suspended_until }) =>
      ['active', 'retiring'].includes(status) || (status === 'suspended' && suspended_until !== null),
  );
  return [
    ...(detail.keys.length === 0
      ? [{ gap: 'no key is linked to it', command: `keyctl incidents link-key ${id} KEY` }]
      : []),
    ...usable.slice(0, 5).map(({ key_id, status }) => ({
      gap: `${key_id} is ${status}: it is let in, or will be`,
      command: `keyctl revoke ${key_id} --incident ${id} --reason "…"`,
    })),
    ...(usable.length > 5 ? [{ gap: `${usable.length - 5} more keys are usable`, command: null }] : []),
  ];
}

function usageGaps({ asOf, window, usage, detail }: IncidentReport): Gap[] {
  if (detail.keys.length === 0) return [];
  const ingest = 'keyctl audit ingest FILE --format ndjson';
  if (asOf === null) return [{ gap: 'no usage has been brought in', command: ingest }];
  // Written in milliseconds, both of them.
  const behind =
    asOf < window.until
      ? [{ gap: `usage after ${minute(asOf)} has not been brought in`, command: ingest }]
      : [];
  const silent =
    usage.total.requests === 0 ? [{ gap: 'its keys sent no request that is on record', command: null }] : [];
  return [...behind, ...silent];
}

function workGaps({ row, detail, findings }: IncidentReport): Gap[] {
  const id = row.incident_id;
  const skipped = detail.steps.filter(({ state, reason }) => state === 'skipped' && reason === null);
  return [
    ...(row.playbook_name === null
      ? [
          {
            gap: 'no walkthrough was followed',
            command: row.state === 'closed' ? null : `keyctl incidents run ${id}`,
          },
        ]
      : []),
    ...(row.next_step === null
      ? []
      : [{ gap: `the step ${row.next_step} is open`, command: `keyctl incidents run ${id}` }]),
    ...skipped.map(({ step }) => ({ gap: `the step ${step} was skipped without a reason`, command: null })),
    ...(findings.length === 0
      ? [{ gap: 'no finding of a detector is about it', command: 'keyctl audit anomalies' }]
      : []),
    ...(detail.follow_ups.length === 0
      ? [
          {
            gap: 'no follow-up was agreed',
            command: `keyctl incidents follow-up ${id} --title "…" --owner platform@example.com --due 14d`,
          },
        ]
      : []),
    ...(row.follow_ups_overdue > 0
      ? [
          {
            gap: `${row.follow_ups_overdue} follow-ups are overdue`,
            command: 'keyctl incidents list --follow-ups --overdue',
          },
        ]
      : []),
  ];
}
