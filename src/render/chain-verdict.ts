import type { ChainVerdict } from '../actions/verify-chain.js';
import { wrap } from './layout.js';
import type { Json, Renderer, View } from './renderer.js';
import { targetLine } from './target-line.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** A verdict, and what stood on this machine beside it. */
interface ShownVerdict extends ChainVerdict {
  /** Checkpoints that were found and are not believed. */
  readonly refused: readonly { readonly source: string; readonly problem: string }[];
  /** The file of what this machine remembers. */
  readonly memory: string | null;
}

type Fault = NonNullable<ChainVerdict['fault']>;

/** `audit verify`: what was proven, where the chain is broken, and what cannot be proven. */
export const chainVerdict: Renderer<ShownVerdict> = {
  text: (verdict, view) => (verdict.fault === null ? soundText(verdict, view) : brokenText(verdict, view)),
  json: verdictJson,
};

function verdictJson(verdict: ShownVerdict): Record<string, Json> {
  const { fault, rows, head, databaseId, completeUpTo, checkpoints, refused } = verdict;
  return {
    verdict: verdictWord(verdict),
    rows,
    first_seq: rows === 0 ? null : 1,
    last_seq: rows === 0 ? null : rows,
    head,
    database_id: databaseId,
    first_bad_seq: fault === null ? null : fault.problem === 'rewritten' ? fault.from : fault.seq,
    problem: fault?.problem ?? null,
    column: fault?.problem === 'column' ? fault.column : null,
    message: fault === null ? null : problemText(fault),
    completeness_proven: fault === null && completeUpTo !== null,
    complete_up_to: fault === null ? completeUpTo : null,
    checkpoints,
    checkpoints_refused: refused.map(({ source, problem }) => `${source}: ${problem}`),
  };
}

function verdictWord({ fault, completeUpTo }: ChainVerdict): string {
  if (fault === null) return completeUpTo === null ? 'consistent' : 'complete';
  return fault.problem === 'behind' ? 'behind' : 'broken';
}

/** Said with every verdict that no checkpoint backs: silence about it would claim what was not shown (F14). */
const unproven =
  'Completeness is not proven: without a checkpoint kept outside the database, a log that was cut off at its end together with its head, or rewritten as a whole, looks the same. The rows and head above, noted elsewhere today, would show both.';

function soundText(verdict: ShownVerdict, view: View): Safe {
  const { rows, head, target, completeUpTo, checkpoints } = verdict;
  const { style } = view;
  const range = rows === 0 ? line`the log is empty` : line`${rows} rows, seq 1 to ${rows}`;
  const word =
    completeUpTo === null ? line`consistent` : line`intact, and complete up to checkpoint ${completeUpTo}`;
  const proven =
    completeUpTo === null
      ? unproven
      : `Checkpoints that fit: ${checkpoints}.${completeUpTo < rows ? ` Rows ${completeUpTo + 1} to ${rows} are consistent; that none after them is missing, no checkpoint shows yet.` : ''}`;
  return joinLines([
    line`${style.ok(line`${style.sign.ok} ${word}`)}: ${range}; ${view.style.muted(targetLine(target))}`,
    ...(rows === 0 ? [] : [line`  every link, every hash, and every column as it was hashed`]),
    line`  head  ${clean(head ?? '')}`,
    ...paragraph(proven, view),
    ...refusedText(verdict, view),
  ]);
}

function brokenText(verdict: ShownVerdict, view: View): Safe {
  const { fault, rows, target, memory } = verdict;
  if (fault === null) return line``;
  const { style } = view;
  const where = view.style.muted(targetLine(target));
  const good = rows === 0 ? line`no row before it is proven` : line`rows 1 to ${rows} are consistent`;
  return joinLines([
    line`${style.danger(line`${style.sign.danger} ${headline(fault)}`)}  ${where}`,
    ...paragraph(problemText(fault), view),
    ...(fault.problem === 'behind' || fault.problem === 'rewritten'
      ? [line`  ${good} with each other`, ...paragraph(afterRestore(fault, memory), view)]
      : [line`  ${good}; what comes after was not looked at`]),
    ...refusedText(verdict, view),
  ]);
}

function headline(fault: Fault): Safe {
  switch (fault.problem) {
    case 'behind':
      return line`BEHIND: it ends at ${fault.seq - 1}, and was seen at ${fault.to}`;
    case 'rewritten':
      return line`BROKEN at seq ${fault.from}`;
    case 'no_head':
      return line`BROKEN`;
    default:
      return line`BROKEN at seq ${fault.seq}`;
  }
}

/** A restore is no attack, but only a person can know that it was one. */
function afterRestore(
  fault: Extract<Fault, { problem: 'behind' | 'rewritten' }>,
  memory: string | null,
): string {
  if (fault.anchor.kind === 'checkpoint')
    return 'If it was restored from a backup, the checkpoints after that belong to the log that is lost: keep them, and begin a new file.';
  return `If it was restored from a backup on purpose, end the warnings of this machine with: rm ${memory ?? ''}`;
}

function refusedText({ refused }: ShownVerdict, view: View): Safe[] {
  const [first] = refused;
  if (first === undefined) return [];
  const more = refused.length === 1 ? '' : `, and ${refused.length - 1} more`;
  return paragraph(`Not believed: the checkpoint at ${first.source}: ${first.problem}${more}`, view);
}

function paragraph(text: string, view: View): Safe[] {
  return wrap(clean(text), view.columns - 2).map((part) => line`  ${part}`);
}

function problemText(fault: Fault): string {
  switch (fault.problem) {
    case 'behind':
      return `${rowsText(fault.seq, fault.to)} missing at the end: ${sourceText(fault.anchor)} knows a log of ${fault.to} rows. It was restored, failed over, or cut off together with its head`;
    case 'rewritten':
      return `row ${fault.seq} has another hash than ${sourceText(fault.anchor)} says: between row ${fault.from} and ${fault.seq} the log was rewritten, consistently in itself`;
    case 'gap':
      return `${rowsText(fault.seq, fault.to)} missing: deleted or renumbered`;
    case 'extra':
      return `row ${fault.seq} stands where the chain has none: inserted or renumbered`;
    case 'link':
      return fault.seq === 1
        ? 'row 1 does not begin at the id of this database: the log of another one, or rewritten'
        : `row ${fault.seq} does not name the hash of row ${fault.seq - 1}: one of the two was changed or exchanged`;
    case 'hash':
      return `the hash of row ${fault.seq} is not that of its record: the record or the hash was changed`;
    case 'column':
      return fault.column === 'record'
        ? `the record of row ${fault.seq} is not readable, although its hash fits`
        : `column ${fault.column} of row ${fault.seq} was changed: the record that was hashed says something else`;
    case 'truncated':
      return `${rowsText(fault.seq, fault.to)} missing at the end: the head counts ${fault.to} rows`;
    case 'uncounted':
      return `the head counts ${fault.seq - 1} rows, but the log goes on to row ${fault.to}`;
    case 'head':
      return `the hash of the head is not that of row ${fault.seq}: the head or the last row was changed`;
    case 'no_head':
      return 'the row of audit_head or of installation is missing: the chain has no end or no beginning';
  }
}

function rowsText(from: number, to: number): string {
  return from === to ? `row ${from} is` : `rows ${from} to ${to} are`;
}

function sourceText({ kind, source }: { readonly kind: string; readonly source: string }): string {
  return kind === 'checkpoint' ? `the checkpoint at ${source}` : `what was seen (${source})`;
}
