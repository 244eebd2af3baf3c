import type { IncidentChange } from '../../actions/incidents/change-incident.js';
import type { IncidentTargets, TargetsAnswer } from '../../db/kernel-incident-targets.js';
import { formatDuration } from '../../domain/duration.js';
import type { IncidentSeverity } from '../../domain/incident.js';
import type { Json, Renderer } from '../renderer.js';
import { type Column, tableText } from '../table.js';
import { clean, joinWith, line, type Safe } from '../terminal-text.js';
import { severityWord } from './incident-words.js';

type Targets = IncidentTargets & { readonly severity: IncidentSeverity };

const phases = ['acknowledge', 'contain', 'investigate', 'recover'] as const;

/** `incidents targets list`. */
export const targetList: Renderer<readonly Targets[]> = {
  text: (targets, view) => tableText(columns, targets, view),
  json: (targets) => ({ targets: targets.map(record), next_cursor: null }),
  records: (targets) => targets.map(record),
  columns: ['severity', ...phases.map((phase) => `${phase}_seconds`)],
  ids: (targets) => targets.map(({ severity }) => severity),
};

const columns: readonly Column<Targets>[] = [
  { heading: line`SEVERITY`, cell: ({ severity }, { style }) => severityWord(severity, style) },
  ...phases.map(
    (phase): Column<Targets> => ({
      heading: clean(phase.toUpperCase()),
      cell: (targets) => clean(formatDuration(targets[`${phase}_seconds`])),
      align: 'right',
    }),
  ),
];

function record(targets: Targets): Record<string, Json> {
  return { severity: targets.severity, ...seconds(targets) };
}

function seconds(targets: IncidentTargets): Record<string, Json> {
  const { acknowledge_seconds, contain_seconds, investigate_seconds, recover_seconds } = targets;
  return { acknowledge_seconds, contain_seconds, investigate_seconds, recover_seconds };
}

/** `incidents targets set`. */
export const targetsSet: Renderer<IncidentChange<TargetsAnswer>> = {
  text: ({ answer }, { style }) =>
    answer.outcome === 'unchanged'
      ? line`${style.sign.ok} ${clean(answer.severity)} unchanged: it is set so already`
      : style.ok(
          line`${style.sign.ok} ${clean(answer.severity)} set: ${changesText(answer.before, answer.after)} ${style.glyph.dot} audit ${answer.audit_seq ?? 0}`,
        ),
  json: ({ operationId, answer }) => ({
    operation_id: operationId,
    severity: answer.severity,
    outcome: answer.outcome,
    before: seconds(answer.before),
    after: seconds(answer.after),
    audit_seq: answer.audit_seq,
  }),
  ids: ({ answer }) => [answer.severity],
};

/** `incidents targets set --dry-run`; the kernel has the last word. */
export const targetPlan: Renderer<{ readonly known: Targets; readonly targets: Partial<IncidentTargets> }> = {
  text: ({ known, targets }) => {
    const changes = changesText(known, { ...known, ...targets });
    return changes === ''
      ? line`nothing would be changed`
      : line`${clean(known.severity)} would be set: ${changes}`;
  },
  json: ({ known, targets }) => ({
    dry_run: true,
    count: changesText(known, { ...known, ...targets }) === '' ? 0 : 1,
    severity: known.severity,
    before: seconds(known),
    after: seconds({ ...known, ...targets }),
  }),
};

function changesText(before: IncidentTargets, after: IncidentTargets): Safe {
  const changed = phases.filter((phase) => before[`${phase}_seconds`] !== after[`${phase}_seconds`]);
  return joinWith(
    line`, `,
    changed.map((phase) => {
      const [was, is] = [before[`${phase}_seconds`], after[`${phase}_seconds`]].map(formatDuration);
      return line`${clean(phase)} ${clean(was ?? '')} → ${clean(is ?? '')}`;
    }),
  );
}
