import type { Report } from '../../actions/report/make-report.js';
import type { IncidentFacts } from '../../db/reads/report-incidents.js';
import type { Json } from '../renderer.js';
import { type Cell, paragraph, type Section, table } from './document.js';
import { number, span } from './figures.js';

/** Incidents: what is open now, and how fast they were dealt with, by month. */
export function incidentSection({ incidents }: Report): Section {
  const { open } = incidents;
  const facts: Cell[][] = [
    ['Open now', number(open.critical + open.high + open.medium + open.low)],
    ['of these critical or high', number(open.critical + open.high)],
    ['with a clock that is over', number(incidents.overdue)],
    ['Follow-ups that are overdue', number(incidents.followUpsOverdue)],
    ['Opened', number(incidents.opened)],
    ['Closed', number(incidents.closed)],
    ['Reopened', number(incidents.reopened)],
  ];
  const months = [
    ...incidents.months.map((month): Cell[] => [month.month, number(month.opened), ...spans(month)]),
    ['All', number(incidents.opened), ...spans(incidents)],
  ];
  return {
    title: 'Incidents',
    parts: [
      paragraph(
        'Times count from when an incident was detected, or reopened, to acknowledged (MTTA), to contained (MTTC) and to recovered, or ' +
          'closed where nobody said so (MTTR): means of those whose phase fell into the month, by corrected times.',
      ),
      table(['What', '>Incidents'], facts),
      ...(incidents.months.length === 0
        ? []
        : [table(['Month', '>Opened', '>MTTA', '>MTTC', '>MTTR'], months)]),
    ],
  };
}

type Means = Pick<
  IncidentFacts,
  'meanSecondsToAcknowledge' | 'meanSecondsToContain' | 'meanSecondsToRecover'
>;

function spans(means: Means): Cell[] {
  return [
    span(means.meanSecondsToAcknowledge),
    span(means.meanSecondsToContain),
    span(means.meanSecondsToRecover),
  ];
}

export function incidentsJson(incidents: IncidentFacts): Json {
  return {
    open: incidents.open,
    overdue: incidents.overdue,
    follow_ups_overdue: incidents.followUpsOverdue,
    opened: incidents.opened,
    closed: incidents.closed,
    reopened: incidents.reopened,
    ...meansJson(incidents),
    months: incidents.months.map((each) => ({ month: each.month, opened: each.opened, ...meansJson(each) })),
  };
}

function meansJson(means: Means): Record<string, Json> {
  return {
    mean_seconds_to_acknowledge: means.meanSecondsToAcknowledge,
    mean_seconds_to_contain: means.meanSecondsToContain,
    mean_seconds_to_recover: means.meanSecondsToRecover,
  };
}
