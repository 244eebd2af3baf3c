import type { ChainVerdict } from '../actions/verify-chain.js';
import type { ChainFault } from '../domain/audit-chain.js';
import { wrap } from './layout.js';
import type { Json, Renderer, View } from './renderer.js';
import { targetLine } from './target-line.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** `audit verify`: what was proven, where the chain is broken, and what cannot be proven. */
export const chainVerdict: Renderer<ChainVerdict> = {
  text: (verdict, view) => (verdict.fault === null ? soundText(verdict, view) : brokenText(verdict, view)),
  json: verdictJson,
};

function verdictJson({ fault, rows, head, databaseId }: ChainVerdict): Record<string, Json> {
  return {
    verdict: fault === null ? 'consistent' : 'broken',
    rows,
    first_seq: rows === 0 ? null : 1,
    last_seq: rows === 0 ? null : rows,
    head,
    database_id: databaseId,
    first_bad_seq: fault?.seq ?? null,
    problem: fault?.problem ?? null,
    column: fault?.problem === 'column' ? fault.column : null,
    message: fault === null ? null : problemText(fault),
    completeness_proven: false,
  };
}

/** Said with every good verdict: silence about it would claim what was not shown (F14). */
const unproven =
  'Completeness is not proven: without a checkpoint kept outside the database, a log that was cut off at its end together with its head, or rewritten as a whole, looks the same. The rows and head above, noted elsewhere today, would show both.';

function soundText({ rows, head, target }: ChainVerdict, view: View): Safe {
  const { style } = view;
  const range = rows === 0 ? line`the log is empty` : line`${rows} rows, seq 1 to ${rows}`;
  return joinLines([
    line`${style.ok(line`${style.sign.ok} consistent`)}: ${range}; ${view.style.muted(targetLine(target))}`,
    ...(rows === 0 ? [] : [line`  every link, every hash, and every column as it was hashed`]),
    line`  head  ${clean(head ?? '')}`,
    ...wrap(clean(unproven), view.columns - 2).map((part) => line`  ${part}`),
  ]);
}

function brokenText({ fault, rows, target }: ChainVerdict, view: View): Safe {
  if (fault === null) return line``;
  const { style } = view;
  const at = fault.problem === 'no_head' ? line`` : line` at seq ${fault.seq}`;
  const good = rows === 0 ? line`no row before it is proven` : line`rows 1 to ${rows} are consistent`;
  return joinLines([
    line`${style.danger(line`${style.sign.danger} BROKEN${at}`)}  ${view.style.muted(targetLine(target))}`,
    ...wrap(clean(problemText(fault)), view.columns - 2).map((part) => line`  ${part}`),
    line`  ${good}; what comes after was not looked at`,
  ]);
}

function problemText(fault: ChainFault): string {
  switch (fault.problem) {
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
