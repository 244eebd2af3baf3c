import type { Anomalies } from '../actions/detect/find-anomalies.js';
import type { KeyRisk, PointedFinding } from '../domain/detect/anomaly-list.js';
import { formatDuration } from '../domain/duration.js';
import { fit } from './layout.js';
import { counted, grouped } from './numbers.js';
import type { View } from './renderer.js';
import { severitySign, severityTone } from './severity-word.js';
import { shortTime } from './short-time.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** So many keys, and findings of one, a person reads; programs get all. */
export const readableKeys = 15;
const readableFindings = 5;

/** A key with its risk, and its findings with the points that make it up. */
export function keyLines(key: KeyRisk, anomalies: Anomalies, view: View): Safe[] {
  const { style } = view;
  const title = severityTone(
    key.severity,
    line`${severitySign(key.severity, view)} ${clean(String(key.risk).padStart(3))}`,
    view,
  );
  const about = [
    clean(key.keyId),
    clean(key.name ?? ''),
    key.version === null ? clean('') : clean(`v${key.version}`),
    clean(key.status ?? ''),
    clean(key.owner ?? ''),
  ].filter((part) => part !== '');
  const halved =
    key.halvings === 0
      ? line``
      : style.muted(line` · nothing new for ${counted(key.halvings, 'day')}: halved as often`);
  const shown = view.unbounded === true ? key.findings : key.findings.slice(0, readableFindings);
  return [
    fitted(line`${title}  ${joined(about)}${halved}`, view),
    ...shown.map((finding) => findingLine(finding, anomalies, view)),
    ...more(key.findings.length - shown.length, 'finding', view),
  ];
}

function findingLine(finding: PointedFinding, { replay }: Anomalies, view: View): Safe {
  const { style } = view;
  const points = clean(`+${finding.points}`.padStart(5));
  const began = shortTime(new Date(finding.onsetAt).toISOString());
  const told = line`${replay ? line`told ` : line`raised `}${after(finding)}`;
  const status = finding.status === 'open' ? line`` : line` · ${clean(finding.status)}`;
  const family = clean(finding.family.padEnd(9));
  return joinLines([
    fitted(line`  ${points}  ${family}  ${clean(finding.evidence.summary)}`, view),
    fitted(
      style.muted(
        line`         ${clean(finding.detector)} ${clean(finding.findingId)} · began ${began}, ${told}${expectedText(finding)}${status}`,
      ),
      view,
    ),
  ]);
}

/** How long after its first event somebody was told. */
function after({ detectedAt, onsetAt }: PointedFinding): Safe {
  const seconds = Math.round((detectedAt - onsetAt) / 1000);
  return seconds <= 0 ? line`at once` : line`${clean(formatDuration(seconds))} later`;
}

function expectedText({ observed, expectedLow, expectedHigh }: PointedFinding): Safe {
  if (expectedHigh === null) return line``;
  const low =
    expectedLow === null || expectedLow === expectedHigh ? line`` : line`${rounded(expectedLow)} to `;
  return line` · ${rounded(observed)}, expected ${low}${rounded(expectedHigh)}`;
}

function rounded(value: number): Safe {
  return Number.isInteger(value) || Math.abs(value) >= 100
    ? grouped(Math.round(value))
    : clean(String(Number(value.toPrecision(3))));
}

/** What came from addresses that used no key of ours. */
export function addressLines(anomalies: Anomalies, view: View): Safe[] {
  const { addresses } = anomalies;
  if (addresses.length === 0) return [];
  const shown = view.unbounded === true ? addresses : addresses.slice(0, readableKeys);
  return [
    line``,
    line`addresses that no key of ours answered to:`,
    ...shown.map((finding) => addressLine(finding, anomalies, view)),
    ...more(addresses.length - shown.length, 'address', view),
  ];
}

function addressLine(finding: PointedFinding, { replay }: Anomalies, view: View): Safe {
  const { severity, ip, detector, evidence, onsetAt } = finding;
  const sign = severityTone(severity, severitySign(severity, view), view);
  const told = line`${replay ? line`told ` : line`raised `}${after(finding)}`;
  return joinLines([
    fitted(line`${sign} ${clean(ip ?? '')}  ${clean(detector)}  ${clean(evidence.summary)}`, view),
    fitted(
      view.style.muted(
        line`         ${clean(finding.findingId)} · began ${shortTime(new Date(onsetAt).toISOString())}, ${told}`,
      ),
      view,
    ),
  ]);
}

/** How many are not shown. */
export function more(count: number, noun: string, { style }: View): Safe[] {
  return count <= 0 ? [] : [style.muted(line`  (${counted(count, `more ${noun}`)}: --json)`)];
}

function fitted(text: Safe, view: View): Safe {
  return view.unbounded === true ? text : fit(text, view.columns, view.style.glyph.ellipsis);
}

function joined(parts: readonly Safe[]): Safe {
  return parts.reduce((all, part) => (all === '' ? part : line`${all}  ${part}`), line``);
}
