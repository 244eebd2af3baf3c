import type { Check, Verdict } from '../actions/doctor/check.js';
import { padEnd, width, wrap } from './layout.js';
import type { Json, Renderer, View } from './renderer.js';
import type { Tone } from './style.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface Checkup {
  readonly checks: readonly Check[];
  /** What `--fix` did. */
  readonly fixed: readonly string[];
}

const tones: Readonly<Record<Verdict, Tone>> = {
  ok: 'ok',
  warning: 'warning',
  problem: 'danger',
  not_checked: 'muted',
};

/** `doctor`. */
export const checkList: Renderer<Checkup> = {
  text({ checks, fixed }, view) {
    const labels = Math.max(...checks.map(({ name }) => name.length)) + 2;
    return joinLines([
      ...checks.map((check) => checkText(check, labels, view)),
      ...fixed.map((what) => view.style.ok(line`${view.style.sign.ok} fixed: ${clean(what)}`)),
      summary(checks),
    ]);
  },
  json: (checkup) => ({
    checks: checkup.checks.map(checkRecord),
    problems: count(checkup.checks, 'problem'),
    warnings: count(checkup.checks, 'warning'),
    not_checked: count(checkup.checks, 'not_checked'),
    fixed: checkup.fixed,
  }),
  records: ({ checks }) => checks.map(checkRecord),
  columns: ['name', 'verdict', 'finding', 'command', 'fixable'],
};

function checkRecord({ name, verdict, finding, command, fix }: Check): Record<string, Json> {
  return { name, verdict, finding, command, fixable: fix !== null };
}

function checkText({ name, verdict, finding, command }: Check, labels: number, view: View): Safe {
  const { style } = view;
  const tone = tones[verdict];
  const said = verdict === 'not_checked' ? line`not checked: ${clean(finding)}` : clean(finding);
  const head = line`${style[tone](style.sign[tone])} ${padEnd(clean(name), labels)}`;
  const indent = clean(' '.repeat(labels + 2));
  const room = Math.max(20, view.columns - width(indent));
  const lines = wrap(said, room).map((text, at) => line`${at === 0 ? head : indent}${text}`);
  if (command !== null) lines.push(line`${indent}${style.muted(line`try`)}  ${clean(command)}`);
  return joinLines(lines);
}

function summary(checks: readonly Check[]): Safe {
  const problems = count(checks, 'problem');
  const warnings = count(checks, 'warning');
  if (problems + warnings === 0) return line`nothing to do`;
  const plural = (number: number, noun: string) =>
    line`${number} ${clean(noun)}${clean(number === 1 ? '' : 's')}`;
  return line`${plural(problems, 'problem')}, ${plural(warnings, 'warning')}`;
}

function count(checks: readonly Check[], verdict: Verdict): number {
  return checks.filter((check) => check.verdict === verdict).length;
}
