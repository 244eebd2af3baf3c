import { formatDuration } from '../../domain/duration.js';
import type { TriageDetail, TriageIncident, TriageItem } from '../../domain/triage.js';
import { counted } from '../../render/numbers.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import { nextWords } from './next-lines.js';
import { databaseNow, ownDetail, selectedItem, type TriageState } from './triage-state.js';
import { findingName } from './triage-words.js';

/** The board and what is selected as sentences, for a screen reader: no columns, no charts, no signs. */
export function readerLines(state: TriageState): Safe[] {
  const item = selectedItem(state);
  if (state.picture === null) return [line`Loading.`];
  if (item === null) return [line`No incident is open, and nothing should be one.`];
  const at = state.listed.indexOf(item) + 1;
  const place = line`${at} of ${state.listed.length}: `;
  const now = databaseNow(state);
  if (item.kind === 'finding')
    return [line`${place}${findingSentence(item, now)}`, ...findingSentences(item)];
  const detail = ownDetail(state);
  return [
    line`${place}${incidentSentence(item, now)}`,
    ...(detail === null ? [] : detailSentences(item, detail, state.chosenKeyId, now)),
  ];
}

function since(at: number, now: number): Safe {
  return clean(formatDuration(Math.max(0, Math.round((now - at) / 1000))));
}

function incidentSentence(incident: TriageIncident, now: number): Safe {
  const { id, title, severity, state, lead, phase, dueAt } = incident;
  const clock =
    phase === null
      ? line`all phases done`
      : dueAt === null
        ? line`next phase ${clean(phase)}`
        : dueAt < now
          ? line`${clean(phase)} is over by ${since(dueAt, now)}`
          : line`${clean(phase)} within ${since(now, dueAt)}`;
  const keys = line`${counted(incident.keysUsable, 'key')} usable, ${incident.keysDead} dead`;
  const led = lead === null ? line`nobody leads it` : line`led by ${clean(lead)}`;
  return line`${clean(id)}, ${clean(severity)}, ${clean(state)}: ${clean(title)}. ${joinWith(line`, `, [clock, led, keys])}.`;
}

function detailSentences(
  incident: TriageIncident,
  detail: TriageDetail,
  chosenKeyId: string | null,
  now: number,
): Safe[] {
  const keys = detail.keys.map(({ keyId, name, status, deadSince, refused, accepted }) => {
    const chosen = keyId === chosenKeyId ? line`Chosen: ` : line`Key `;
    const dead = deadSince === null ? line`` : line`, dead for ${since(deadSince, now)}`;
    const letIn = accepted > 0 ? line`, ${counted(accepted, 'request')} LET IN since` : line``;
    const tried = refused > 0 ? line`, ${counted(refused, 'request')} refused since` : line``;
    return line`${chosen}${clean(keyId)}, ${clean(name)}, ${clean(status)}${dead}${letIn}${tried}.`;
  });
  const attempts = detail.attempts
    .slice(0, 3)
    .map(
      ({ ip, accepted, requests, keyId, lastAt }) =>
        line`${accepted ? line`Let in` : line`Refused`}: ${counted(requests, 'request')} with ${clean(keyId)} from ${ip === '' ? line`an unknown address` : clean(ip)}, last ${since(lastAt, now)} ago.`,
    );
  const events = detail.events
    .slice(0, 3)
    .map(
      ({ at, by, what, reason }) =>
        line`${since(at, now)} ago ${clean(by)}: ${clean(what)}${reason === null ? line`` : line`, ${clean(reason)}`}.`,
    );
  return [
    ...keys,
    ...attempts,
    ...events,
    ...nextWords(incident, detail).map((text) => line`Next: ${text}.`),
  ];
}

function findingSentence(item: Extract<TriageItem, { kind: 'finding' }>, now: number): Safe {
  return line`not yet an incident: ${findingName(item)}, risk ${item.risk.risk}, found ${since(item.since, now)} ago.`;
}

function findingSentences({ risk }: Extract<TriageItem, { kind: 'finding' }>): Safe[] {
  return [
    ...risk.steps.map(
      ({ finding, points }) => line`Plus ${points}, ${clean(finding.family)}: ${clean(finding.summary)}.`,
    ),
    line`Next: make it an incident with i.`,
  ];
}
