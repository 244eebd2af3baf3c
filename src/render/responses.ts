import type { ResponseResult, Responses } from '../actions/detect/respond.js';
import type { ResponseRule } from '../db/reads/findings.js';
import { formatDuration } from '../domain/duration.js';
import { isoTime } from '../domain/stored-time.js';
import { counted, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { type Column, tableText } from './table.js';
import { clean, line, type Safe } from './terminal-text.js';

/** What came of the rules for the findings of one run. */
export function responseRecords({ results }: Responses): Json {
  return results.map(({ finding, rule, outcome, why, until, auditSeq }) => ({
    finding_id: finding.findingId,
    rule_name: rule.name,
    response: rule.response,
    outcome,
    why,
    key_id: finding.keyId,
    ip: finding.ip,
    until: isoTime(until),
    audit_seq: auditSeq,
  }));
}

export function responseLines(responses: Responses, view: View): Safe[] {
  const { style } = view;
  if (responses.rules === 0) {
    return [
      line`no response is set: nothing is done by itself`,
      style.muted(
        line`  keyctl audit responses set stop-decoys --detector decoy --suspend --for 4h --reason "…"`,
      ),
    ];
  }
  if (responses.results.length === 0) return [line`no response was due`];
  const capped = responses.results.filter(({ outcome }) => outcome === 'capped');
  const shown = responses.results.filter(({ outcome }) => outcome !== 'capped');
  return [
    line`responses:`,
    ...shown.map((result) => resultLine(result, view)),
    ...(capped.length === 0
      ? []
      : [
          style.warning(
            line`${style.sign.warning} ${counted(capped.length, 'response')} left out: the number of this hour is used up`,
          ),
        ]),
  ];
}

const doings: Readonly<Record<ResponseRule['response'], string>> = {
  suspend: 'suspended',
  step_down: 'limits stepped down to a quarter',
  block_ip: 'blocked',
  notify: 'told',
};

const reasons: Readonly<Record<string, string>> = {
  dead: 'the key is dead already',
  suspended: 'the key is suspended already',
  blocked: 'the address is blocked already',
  no_key: 'it is about no key',
  no_address: 'it is about no address',
  no_limits: 'the key has no limits',
  stepped_down: 'the limits were stepped down less than a day ago',
  no_program: 'no program was named: --notify exec:COMMAND, or KEYCTL_NOTIFY',
};

function resultLine(result: ResponseResult, { style }: View): Safe {
  const { finding, rule, outcome, why, until, auditSeq } = result;
  const about = rule.response === 'block_ip' ? finding.ip : finding.keyId;
  const target = rule.response === 'notify' ? line`the program` : clean(about ?? finding.ip ?? '');
  const because = line`${clean(rule.name)}, ${clean(finding.findingId)}`;
  const doing = clean(doings[rule.response]);
  if (outcome === 'responded') {
    const end = until === null ? line`` : line` until ${clean(isoTime(until))}`;
    return style.ok(line`${style.sign.ok} ${target} ${doing}${end} (${because}) · audit ${auditSeq ?? 0}`);
  }
  if (outcome === 'would_respond') return line`  ${target} would be ${doing} (${because})`;
  if (outcome === 'not_told')
    return style.danger(
      line`${style.sign.danger} nobody was told of ${clean(finding.findingId)} (${clean(rule.name)}): ${clean(reasons[why ?? ''] ?? why ?? '')}`,
    );
  return style.muted(
    line`${style.sign.muted} ${target} not ${doing}: ${clean(reasons[why ?? ''] ?? outcome)} (${because})`,
  );
}

/** `audit responses list`. */
export const responseRuleList: Renderer<readonly ResponseRule[]> = {
  text: (rules, view) =>
    rules.length === 0
      ? line`no response is set: nothing is done by itself (keyctl audit responses set --help)`
      : tableText(columns, rules, view),
  json: (rules) => ({ responses: rules.map(ruleRecord), next_cursor: null }),
  records: (rules) => rules.map(ruleRecord),
  columns: [
    ...['name', 'detector', 'least_severity', 'response', 'lasts_seconds', 'most_per_hour'],
    ...['responses_in_last_day', 'set_at', 'set_by'],
  ],
  ids: (rules) => rules.map(({ name }) => name),
};

const columns: readonly Column<ResponseRule>[] = [
  { heading: line`NAME`, cell: ({ name }) => clean(name), shrinks: true },
  { heading: line`DETECTOR`, cell: ({ detector }) => clean(detector ?? 'any') },
  { heading: line`FROM`, cell: ({ leastSeverity }) => clean(leastSeverity) },
  { heading: line`RESPONSE`, cell: ({ response }) => clean(response) },
  {
    heading: line`FOR`,
    cell: ({ lastsSeconds }) => (lastsSeconds === null ? line`–` : clean(formatDuration(lastsSeconds))),
  },
  { heading: line`MOST/H`, cell: ({ mostPerHour }) => grouped(mostPerHour), align: 'right' },
  { heading: line`LAST DAY`, cell: ({ responses }) => grouped(responses), align: 'right' },
  { heading: line`SET BY`, cell: ({ setBy }) => clean(setBy), shrinks: true },
];

function ruleRecord(rule: ResponseRule): Record<string, Json> {
  return {
    name: rule.name,
    detector: rule.detector,
    least_severity: rule.leastSeverity,
    response: rule.response,
    lasts_seconds: rule.lastsSeconds,
    most_per_hour: rule.mostPerHour,
    responses_in_last_day: rule.responses,
    set_at: isoTime(rule.setAt),
    set_by: rule.setBy,
  };
}
