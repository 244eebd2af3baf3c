import type {
  TriageDetail,
  TriageEvent,
  TriageIncident,
  TriageStep,
  TriageUse,
} from '../../domain/triage.js';
import { fit, width, wrap } from '../../render/layout.js';
import { grouped } from '../../render/numbers.js';
import { sparkline } from '../../render/sparkline.js';
import type { Style } from '../../render/style.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import { fittingParts, type Part } from '../kit/fitting-parts.js';
import { attemptLines, keyLines } from './key-lines.js';
import { nextLines } from './next-lines.js';
import { phaseText, severityTone, type TriageView, timeText } from './triage-words.js';

/** What is known of the selected incident. */
export interface Known {
  readonly detail: TriageDetail | null;
  readonly use: TriageUse | null;
  readonly chosenKeyId: string | null;
}

/** What there is to know of an incident, as far as there is room for it, in the order in which it is read. */
export function incidentLines(incident: TriageIncident, known: Known, view: TriageView): Safe[] {
  const { columns, style, rows } = view;
  const tall = rows >= 24;
  const whole = rows === Number.POSITIVE_INFINITY;
  const most = (short: number, long: number) => (whole ? Number.POSITIVE_INFINITY : tall ? long : short);
  const { detail, use, chosenKeyId } = known;
  const gap = tall ? [line``] : [];
  const parts: readonly Part[] = [
    { rank: 9, lines: [headingLine(incident, view)] },
    { rank: 8, lines: progressLines(incident, view) },
    ...(detail === null
      ? [{ rank: 7, lines: [style.muted(line` loading${style.glyph.ellipsis}`)] }]
      : [
          { rank: 7, lines: [...gap, ...keyLines(detail, { use, chosenKeyId, most: most(3, 10) }, view)] },
          { rank: 6, lines: use === null ? [] : usageLines(use, view) },
          { rank: 5, lines: [...gap, ...attemptLines(detail.attempts, most(2, 6), view)] },
          { rank: 4, lines: [...gap, ...eventLines(detail.events, most(3, 15), view)] },
          { rank: 2, lines: linkLines(detail, gap) },
          { rank: 8, lines: [...gap, ...nextLines(incident, detail, view)] },
          { rank: 1, lines: tall ? [line``, ...playbookLines(detail, view)] : [] },
        ]),
  ];
  return fittingParts(parts, rows).map((text) => fit(text, columns, style.glyph.ellipsis));
}

/** `─ INC-42  key in public repo acme/app · leak · opened 02:41 by jdoe ─────`. */
function headingLine(incident: TriageIncident, { columns, style, now }: TriageView): Safe {
  const { id, title, type, openedAt, openedBy, lead, reopenedAt } = incident;
  const dot = line` ${style.glyph.dot} `;
  const born =
    reopenedAt === null
      ? line`opened ${timeText(openedAt, now)} by ${clean(openedBy)}`
      : style.danger(line`${style.sign.danger} REOPENED ${timeText(reopenedAt, now)}`);
  const facts = [
    line`${style.strong(clean(id))}  ${clean(title)}`,
    clean(type),
    born,
    ...(lead === null ? [] : [line`lead ${clean(lead)}`]),
  ];
  const head = fit(line`${style.glyph.rule} ${joinWith(dot, facts)} `, columns, style.glyph.ellipsis);
  return line`${head}${style.muted(clean(style.glyph.rule.repeat(Math.max(0, columns - width(head)))))}`;
}

/** Its severity in words, and the phases in order: what is done, what is over, what comes. */
function progressLines({ severity, state, clocks, phase }: TriageIncident, view: TriageView): Safe[] {
  const { style, columns } = view;
  const tone = severityTone(severity);
  const head = line`${style[tone](line`${style.sign[tone]} ${clean(severity)}`)} ${clean(state)}`;
  const phases = clocks.flatMap((clock) => phaseText(clock, view, clock.phase === phase) ?? []);
  return wrapped([head, ...phases], columns - 2).map((text) => line` ${text}`);
}

/** Parts side by side, on as few lines as they need; none is broken. */
function wrapped(parts: readonly Safe[], columns: number): Safe[] {
  const lines: Safe[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const joined = last === undefined ? part : line`${last}  ${part}`;
    if (last === undefined || width(joined) > columns) lines.push(part);
    else lines[lines.length - 1] = joined;
  }
  return lines;
}

/** ` use in 24 h  ▁▁▂▁▂▆█  1,204 requests`, and how far the log reaches when that is a while ago. */
function usageLines({ hours, asOf }: TriageUse, { style, now }: TriageView): Safe[] {
  const sum = hours.reduce((total, requests) => total + requests, 0);
  const late = asOf !== null && now - asOf > 10 * 60_000;
  const reach = late ? style.warning(line`  log only until ${timeText(asOf, now)}`) : line``;
  const none = line` ${style.muted(line`use in 24 h`)}  none`;
  return [
    sum === 0
      ? line`${none}${reach}`
      : line` ${style.muted(line`use in 24 h`)}  ${sparkline(hours, style)}  ${grouped(sum)} requests${reach}`,
  ];
}

/** `02:44 jdoe revoked key_…: leaked in acme/app`, the newest first. */
function eventLines(
  events: readonly TriageEvent[],
  most: number,
  { style, now, rows, columns }: TriageView,
): Safe[] {
  return events.slice(0, most).flatMap(({ at, by, what, keyId, reason, isLoud }) => {
    const why = reason === null ? line`` : line`: ${clean(reason)}`;
    const told = deedText(what, keyId);
    const words = isLoud ? style.danger(line`${style.sign.danger} ${told}`) : told;
    const text = line`${style.muted(timeText(at, now))} ${clean(by)} ${words}${why}`;
    const own = rows === Number.POSITIVE_INFINITY ? wrap(text, columns - 2) : [text];
    return own.map((each) => line` ${each}`);
  });
}

/** `revoked key_…` of what is `key revoked` in a timeline; other words have the key behind them. */
function deedText(what: string, keyId: string | null): Safe {
  if (keyId === null) return clean(what);
  const [, deed] = /^key (\w+)$/.exec(what) ?? [];
  return line`${clean(deed ?? what)} ${clean(keyId)}`;
}

function linkLines({ links }: TriageDetail, gap: readonly Safe[]): Safe[] {
  const each = links.map(({ url, title }) =>
    title === null ? line` ${clean(url)}` : line` ${clean(url)}  ${clean(title)}`,
  );
  return each.length === 0 ? [] : [...gap, ...each];
}

/** Every step of the walkthrough, and who did it. */
function playbookLines({ playbook }: TriageDetail, { style }: TriageView): Safe[] {
  const heading = line` ${style.strong(clean(playbook.name))}${playbook.begun ? line`` : style.muted(line`  not begun (w begins it)`)}`;
  return [heading, ...playbook.steps.map((step) => stepLine(step, style))];
}

function stepLine({ name, state, by }: TriageStep, style: Style): Safe {
  const who = by === null ? line`` : style.muted(line`  by ${clean(by)}`);
  switch (state) {
    case 'done':
      return line` ${style.ok(line`${style.sign.ok} ${clean(name)}`)}${who}`;
    case 'skipped':
      return line` ${style.muted(line`${style.sign.muted} ${clean(name)}  skipped`)}${who}`;
    case 'running':
      return line` ${style.notice(line`${style.sign.notice} ${clean(name)}  under way`)}${who}`;
    case 'again':
      return line` ${style.warning(line`${style.sign.warning} ${clean(name)}  again`)}${who}`;
    case 'open':
      return line`   ${clean(name)}`;
  }
}
