import type { Importation, ImportProblem } from '../actions/import-outcome.js';
import type { Target } from '../db/settings.js';
import { conflictCauses, rowCauses } from '../domain/import/columns.js';
import { fit } from './layout.js';
import { programName } from './program-name.js';
import type { Json, Renderer, View } from './renderer.js';
import { targetLine } from './target-line.js';
import { clean, joinLines, joinWith, line, type Safe } from './terminal-text.js';

/** What came of `keys import`. */
export const importation: Renderer<Importation> = {
  text: (value, view) => joinLines([...doneText(value, view), ...leftText(value, view)]),
  json: importationJson,
};

const mostListed = 10;

function doneText(value: Importation, { style }: View): Safe[] {
  const verb = value.dryRun ? line`would be imported` : line`imported`;
  const nothing = value.imported === 0;
  const first = nothing
    ? line`${style.sign.ok} nothing to import from ${clean(value.source)}`
    : line`${style.sign.ok} ${keys(value.imported)} ${verb} from ${clean(value.source)}`;
  const parts: Safe[] = [];
  const add = (number: number, what: string) => {
    if (number > 0) parts.push(line`${grouped(number)} ${clean(what)}`);
  };
  add(value.weak, 'proven by a digest alone (weak, due for rotation at once)');
  add(value.trackedOnly, 'without a token or digest: tracked, not verifiable');
  add(value.revoked, 'revoked before');
  add(value.replaced, 'replaced before');
  add(value.unlinked, 'that name a predecessor or successor which is not in this file');
  const lines = [nothing ? first : style.ok(first), ...parts.map((part) => line`  ${part}`)];
  if (value.unchanged > 0) lines.push(line`  ${keys(value.unchanged)} unchanged: here already`);
  return lines;
}

function leftText(value: Importation, view: View): Safe[] {
  const { style } = view;
  const lines: Safe[] = [];
  const add = (number: number, what: string, causes: Readonly<Record<string, number>>) => {
    if (number === 0) return;
    const rows = number === 1 ? line`1 row` : line`${grouped(number)} rows`;
    lines.push(style.warning(line`${style.sign.warning} ${rows} ${clean(what)}`));
    for (const [cause, times] of Object.entries(causes).sort(([, a], [, b]) => b - a)) {
      lines.push(line`  ${grouped(times)} ${clean(cause)}: ${clean(wordsOf(cause))}`);
    }
  };
  add(value.conflicts, 'in conflict with keys that are here, and not changed', value.conflictsByCause);
  add(value.rejected, 'rejected', value.rejectedByCause);
  const shown = value.problems.slice(0, mostListed).map((problem) => problemText(problem, view));
  const more = value.rejected + value.conflicts - shown.length;
  if (shown.length > 0 && more > 0) shown.push(line`  and ${grouped(more)} more`);
  return [...lines, ...shown];
}

function problemText(problem: ImportProblem, { style, columns }: View): Safe {
  const { cause, column, externalId, keyId } = problem;
  const parts = [
    line`line ${problem.line}`,
    clean(cause),
    ...[column, externalId, keyId].flatMap((each) => (each === null ? [] : [clean(each)])),
  ];
  return fit(line`  ${joinWith(line`  `, parts)}`, columns, style.glyph.ellipsis);
}

function wordsOf(cause: string): string {
  return { ...rowCauses, ...conflictCauses }[cause as keyof typeof rowCauses] ?? '';
}

/** What is shown to whoever has to agree. */
export function importQuestion(
  value: Importation,
  target: Target,
  view: View,
): { about: Safe; prompt: Safe } {
  const heading = line`Into ${targetLine(target)}, and they cannot be deleted from there:`;
  const about = joinLines([heading, importation.text({ ...value, dryRun: true }, view)]);
  return { about, prompt: line`Type ${value.imported} to import ${keys(value.imported)}:` };
}

/** What to do next, for stderr; null when there is nothing. */
export function nextSteps(
  value: Importation,
  { demo, keptRejects }: { readonly demo: boolean; readonly keptRejects: boolean },
): Safe | null {
  const keyctl = programName(demo);
  const steps: Safe[] = [];
  if (value.weak > 0 && !value.dryRun)
    steps.push(line`  next  ${keyctl} keys list --weak shows what is due for rotation`);
  if (value.unlinked > 0 && !value.dryRun) {
    steps.push(line`  ${keyctl} rotate replace OLD NEW joins a key to the family that it belongs to`);
  }
  if (value.rejected + value.conflicts > value.problems.slice(0, mostListed).length && !keptRejects) {
    steps.push(line`  --rejects FILE lists all rows that were not taken`);
  }
  return steps.length === 0 ? null : joinLines(steps);
}

function importationJson(value: Importation): Record<string, Json> {
  return {
    operation_id: value.operationId,
    source: value.source,
    dry_run: value.dryRun,
    rows: value.rows,
    imported: value.imported,
    unchanged: value.unchanged,
    conflicts: value.conflicts,
    conflicts_by_cause: { ...value.conflictsByCause },
    rejected: value.rejected,
    rejected_by_cause: { ...value.rejectedByCause },
    weak: value.weak,
    tracked_only: value.trackedOnly,
    revoked: value.revoked,
    replaced: value.replaced,
    unlinked: value.unlinked,
    problems: value.problems.map(problemJson),
    audit_seq: value.auditSeq,
  };
}

/** A row that is not taken, as `--rejects` and JSON list it. */
export function problemJson(problem: ImportProblem): Record<string, Json> {
  const { line: at, outcome, cause, column, externalId, keyId } = problem;
  return { line: at, outcome, cause, column, external_id: externalId, key_id: keyId };
}

function keys(number: number): Safe {
  return line`${grouped(number)} ${clean(number === 1 ? 'key' : 'keys')}`;
}

function grouped(number: number): Safe {
  return clean(number.toLocaleString('en-US'));
}
