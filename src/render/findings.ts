import type { FindingChanges, FindingOutcome } from '../actions/detect/change-findings.js';
import type { KeptFinding } from '../domain/detect/kept-finding.js';
import { ago } from '../domain/instant.js';
import { findingColumns, findingRecord } from './finding-record.js';
import { labelled } from './labelled.js';
import { grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { severityWord } from './severity-word.js';
import { type Column, tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** `audit findings list`. */
export const findingList: Renderer<readonly KeptFinding[]> = {
  text: (findings, view) =>
    findings.length === 0 ? line`no such finding` : tableText(columns, findings, view),
  json: (findings) => ({ findings: findings.map(findingRecord), next_cursor: null }),
  records: (findings) => findings.map(findingRecord),
  columns: findingColumns,
  ids: (findings) => findings.map(({ findingId }) => findingId),
};

const columns: readonly Column<KeptFinding>[] = [
  { heading: line`FINDING`, cell: ({ findingId }) => clean(findingId) },
  { heading: line`SEVERITY`, cell: ({ severity }, view) => severityWord(severity, view) },
  { heading: line`STATUS`, cell: ({ status }) => clean(status) },
  { heading: line`SEEN`, cell: ({ lastSeenAt }, { now }) => clean(ago(new Date(lastSeenAt), now)) },
  { heading: line`DETECTOR`, cell: ({ detector }) => clean(detector), dispensable: true },
  {
    heading: line`ABOUT`,
    cell: ({ keyName, keyId, ip }) => clean(keyName ?? keyId ?? ip ?? ''),
    shrinks: true,
  },
  { heading: line`WHAT`, cell: ({ evidence }) => clean(evidence.summary), shrinks: true },
];

/** `audit findings show`: the evidence, and the query that gives its numbers. */
export const findingCard: Renderer<KeptFinding> = {
  text: cardText,
  json: findingRecord,
  columns: findingColumns,
  ids: ({ findingId }) => [findingId],
};

function cardText(finding: KeptFinding, view: View): Safe {
  const { style } = view;
  const { evidence } = finding;
  const row = (label: string, value: Safe) => labelled(clean(label), value, view);
  const top = (label: string, values: typeof evidence.topIps) =>
    values.map(({ value, requests, isNew }, at) =>
      row(at === 0 ? label : '', line`${grouped(requests)}  ${clean(value)}${isNew ? line` (new)` : line``}`),
    );
  return joinLines([
    line`${style.strong(clean(finding.findingId))}  ${severityWord(finding.severity, view)}  ${clean(finding.detector)} (${clean(finding.family)})  ${statusText(finding)}`,
    row('what', clean(evidence.summary)),
    ...aboutRows(finding, row),
    row('began', clean(iso(finding.onsetAt))),
    row('window', line`${clean(iso(finding.windowStart))} to ${clean(iso(finding.windowEnd))}`),
    row('raised', line`${clean(iso(finding.detectedAt))}, last seen ${clean(iso(finding.lastSeenAt))}`),
    row('observed', numbersText(finding)),
    ...evidence.factors.map(({ what, value, usual }, at) =>
      row(
        at === 0 ? 'unusual' : '',
        line`${clean(what)} ${clean(value)}${usual === null ? line`` : line` (usual: ${clean(usual)})`}`,
      ),
    ),
    ...top('from', evidence.topIps),
    ...top('to', evidence.topEndpoints),
    ...(evidence.suggests === null ? [] : [row('look at', clean(suggestion(finding, evidence.suggests)))]),
    line``,
    style.muted(line`this query gives the numbers, run as a viewer:`),
    ...finding.reproduceSql.split('\n').map((each) => clean(each)),
  ]);
}

function aboutRows(
  { keyId, keyName, keyVersion, keyStatus, owner, ip }: KeptFinding,
  row: (label: string, value: Safe) => Safe,
): Safe[] {
  const key =
    keyId === null
      ? []
      : [
          row(
            'key',
            line`${clean(keyId)}  ${clean(keyName ?? '')}  v${keyVersion ?? 0}  ${clean(keyStatus ?? '')}  ${clean(owner ?? '')}`,
          ),
        ];
  return [...key, ...(ip === null ? [] : [row('address', clean(ip))])];
}

function statusText({ status, statusBy, statusReason, incidentId }: KeptFinding): Safe {
  const by = statusBy === null ? line`` : line` by ${clean(statusBy)}`;
  const why = statusReason === null ? line`` : line`: ${clean(statusReason)}`;
  const where = incidentId === null ? line`` : line` into ${clean(incidentId)}`;
  return line`${clean(status)}${where}${by}${why}`;
}

function numbersText({ observed, expectedLow, expectedHigh, bits, evidence }: KeptFinding): Safe {
  const number = (value: number) => clean(String(Number(value.toPrecision(6))));
  const low = expectedLow === null ? line`at most ` : line`${number(expectedLow)} to `;
  const expected = expectedHigh === null ? line`` : line`, expected ${low}${number(expectedHigh)}`;
  const scored = bits === null ? line`` : line` · ${number(bits)} bits`;
  return line`${number(observed)}${expected} (${evidence.historyDays} days of history)${scored}`;
}

/** The suggested line with the key and address that it is about. */
function suggestion({ keyId, ip }: KeptFinding, suggests: string): string {
  return suggests.replace(/\bKEY\b/, keyId ?? 'KEY').replace(/\bIP\b/, ip ?? 'IP');
}

const words: Readonly<Record<FindingOutcome, string>> = {
  acknowledged: 'acknowledged',
  already_acknowledged: 'acknowledged already',
  dismissed: 'dismissed',
  already_dismissed: 'dismissed already',
  escalated: 'escalated',
  already_escalated: 'part of it already',
  elsewhere: 'part of another incident; left there',
  not_found: 'not found',
};

/** Outcomes that are what was asked for. */
export function isDone(outcome: FindingOutcome, wanted: 'ack' | 'dismiss' | 'escalate'): boolean {
  const fine: Readonly<Record<typeof wanted, readonly FindingOutcome[]>> = {
    ack: ['acknowledged', 'already_acknowledged', 'escalated'],
    dismiss: ['dismissed', 'already_dismissed'],
    escalate: ['escalated', 'already_escalated'],
  };
  return fine[wanted].includes(outcome);
}

/** `audit findings ack`, `dismiss` and `escalate`. */
export const findingChanges: Renderer<FindingChanges> = {
  text: ({ results, auditSeq, incidentId, suppressedUntil }, { style }) => {
    const incident = incidentId === null ? line`` : line` · ${clean(incidentId)}`;
    const until =
      suppressedUntil === null ? line`` : line`, and not raised again until ${clean(suppressedUntil)}`;
    const audit = auditSeq === null ? line`` : line` · audit ${auditSeq}`;
    return joinLines(
      results.map(({ findingId, outcome }) =>
        style.ok(
          line`${style.sign.ok} ${clean(findingId)} ${clean(words[outcome])}${until}${incident}${audit}`,
        ),
      ),
    );
  },
  json: (changes) => ({
    operation_id: changes.operationId,
    results: changes.results.map(resultRecord),
    incident_id: changes.incidentId,
    suppressed_until: changes.suppressedUntil,
    audit_seq: changes.auditSeq,
  }),
  records: ({ results }) => results.map(resultRecord),
  columns: ['finding_id', 'outcome'],
  ids: ({ results }) => results.map(({ findingId }) => findingId),
};

function resultRecord({ findingId, outcome }: FindingChanges['results'][number]): Record<string, Json> {
  return { finding_id: findingId, outcome };
}

/** `audit findings ack|dismiss|escalate --dry-run`. */
export const findingChangePlan: Renderer<readonly KeptFinding[]> = {
  text: (findings, view) => joinLines([line`these would change:`, tableText(columns, findings, view)]),
  json: (findings) => ({
    dry_run: true,
    count: findings.length,
    findings: findings.map(({ findingId, status, detector, keyId, ip }) => ({
      ...{ finding_id: findingId, status, detector, key_id: keyId, ip },
    })),
  }),
  ids: (findings) => findings.map(({ findingId }) => findingId),
};

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
