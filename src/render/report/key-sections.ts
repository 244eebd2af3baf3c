import type { Report } from '../../actions/report/make-report.js';
import type { Overdue } from '../../db/reads/report-changes.js';
import { type BarPlot, type Cell, type Part, paragraph, type Section, table } from './document.js';
import { change, mean, minute, number, percent, span } from './figures.js';

const statuses = ['active', 'retiring', 'suspended', 'pending', 'expired', 'replaced', 'revoked'];

export function keySection({ keys }: Report): Section {
  const states = statuses.map((status): Cell[] => [status, number(keys.byStatus[status] ?? 0)]);
  const facts: Cell[][] = [
    ['Created (± the window before)', change(keys.created, keys.createdBefore)],
    ['Revoked or replaced (± the same)', change(keys.ended, keys.endedBefore)],
    ['Not used for 7 days or more', number(keys.stale7Days)],
    ['Not used for 30 days or more', number(keys.stale30Days)],
    ['Never used', number(keys.neverUsed)],
    ['Expiring within 30 days', number(keys.expiring30Days)],
    ['Without an owner', number(keys.withoutOwner)],
    ['Exempt from rotation', number(keys.exempt)],
    ['Weak (only a digest proves them)', number(keys.weak)],
  ];
  return {
    title: 'Keys, as they stand now',
    parts: [table(['Status', '>Keys'], states), agePlot(keys.ages), table(['What', '>Keys'], facts)],
  };
}

function agePlot({ buckets }: Report['keys']['ages']): BarPlot {
  const labels = buckets.map(({ fromDays }, at) => {
    const next = buckets[at + 1]?.fromDays;
    return next === undefined ? `${fromDays} d +` : `${fromDays}–${next} d`;
  });
  const values = buckets.map((bucket) => bucket.keys);
  return {
    kind: 'plot',
    title: 'Age of active keys',
    labels,
    series: [{ name: 'Keys', tone: 'muted', values }],
  };
}

export function rotationSection(report: Report): Section {
  const { rotations, keys, onTimeShare } = report;
  const facts: Cell[][] = [
    ['Rotations', number(rotations.activated)],
    ['On time', percent(onTimeShare)],
    ['Due for rotation now', number(keys.rotationsDue)],
    ['Due for a review now', number(keys.reviewsDue)],
    ['Median age of active keys', span(keys.ages.medianSeconds)],
    ['Oldest active key', span(keys.ages.oldestSeconds)],
  ];
  const plot = rotationPlot(report);
  return {
    title: 'Rotation and review',
    parts: [
      paragraph(
        'On time is a rotation by the day after the date that the policy gives, as the policies stand now. Keys that are overdue ' +
          `now count as late (${number(rotations.overdue)}); rotations without a date are left out of the share.`,
      ),
      table(['What', '>Figure'], facts),
      ...(plot === null ? [] : [plot]),
      ...overdueParts('Longest overdue for rotation', report.overdueRotations),
      ...overdueParts('Longest overdue for review', report.overdueReviews),
    ],
  };
}

/** Every day of the window, the quiet ones too; null when no rotation had a date. */
function rotationPlot({ rotations, usage, step }: Report): BarPlot | null {
  const dated = rotations.byDay.filter(({ onTime, late }) => onTime + late > 0);
  if (dated.length === 0) return null;
  const days = step === 'day' ? usage.steps.map(({ at }) => at.slice(0, 10)) : dated.map(({ day }) => day);
  const counts = days.map((day) => dated.find((each) => each.day === day) ?? { onTime: 0, late: 0 });
  return {
    kind: 'plot',
    title: 'Rotations a day',
    labels: days.map((day) => day.slice(5)),
    series: [
      { name: 'on time', tone: 'ok', values: counts.map(({ onTime }) => onTime) },
      { name: 'late', tone: 'critical', values: counts.map(({ late }) => late) },
    ],
  };
}

function overdueParts(heading: string, overdue: readonly Overdue[]): Part[] {
  if (overdue.length === 0) return [];
  const rows = overdue.map(({ name, keyId, owner, dueAt }) => [name, keyId, owner ?? '–', minute(dueAt)]);
  return [table([heading, 'Id', 'Owner', 'Due since'], rows)];
}

/** In a list; the rest is in the audit log. */
const mostRevocations = 50;

export function revocationSection({ revocations }: Report): Section {
  const detected = revocations.map(({ fromDetectionSeconds }) => fromDetectionSeconds);
  const known = detected.filter((seconds) => seconds !== null).length;
  const left = revocations.length - mostRevocations;
  const rows = revocations
    .slice(0, mostRevocations)
    .map(({ name, keyId, code, reason, revokedAt, fromDetectionSeconds }): Cell[] => [
      ...[minute(revokedAt), name, keyId, code ?? '–', reason],
      span(fromDetectionSeconds),
    ]);
  const note =
    `Revoked: ${number(revocations.length)}. Mean time from detection: ${span(mean(detected))}, over the ${number(known)} with a ` +
    'detection in the record (the key was seen exposed: keyctl audit ingest, keys identify). Planned ends and drafts are left out.' +
    (left > 0 ? ` The newest ${mostRevocations} are listed.` : '');
  const list = table(['When', 'Key', 'Id', 'Code', 'Reason', '>From detection'], rows);
  return { title: 'Revocations', parts: [paragraph(note), ...(rows.length === 0 ? [] : [list])] };
}

export function changeSection({ changes }: Report): Section {
  const rows = Object.entries(changes.byAction)
    .sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
    .map(([action, count]): Cell[] => [action, number(count)]);
  const without = changes.withReason === 0 ? null : changes.withoutTicket / changes.withReason;
  return {
    title: 'Changes',
    parts: [
      paragraph(
        `Changes with a reason: ${number(changes.withReason)}; of these without a ticket: ${number(changes.withoutTicket)}` +
          `${without === null ? '' : ` (${percent(without)})`}. Database roles that changed something: ${number(changes.actors)}.`,
      ),
      ...(rows.length === 0 ? [] : [table(['Action', '>Rows of the audit log'], rows)]),
    ],
  };
}
