import type { Identified, IdentifiedToken } from '../actions/identify-tokens.js';
import { cutTokens } from '../domain/cut-tokens.js';
import type { Place, Verdict } from '../domain/leak.js';
import { keyFate } from './key-fate.js';
import { labelled } from './labelled.js';
import type { Json, Renderer, View } from './renderer.js';
import { statusWord } from './status-word.js';
import type { Tone } from './style.js';
import { clean, joinLines, joinWith, line, type Safe } from './terminal-text.js';

export interface IdentifiedIn extends Identified {
  /** What was searched. */
  readonly source: string;
  /** What of it could not be read. */
  readonly gaps: readonly string[];
  /** The database that was asked, for what it does not know. */
  readonly where: string;
  /** Opened about the live ones, when that was asked for. */
  readonly incidentId: string | null;
}

/** `keys identify`. */
export const identified: Renderer<IdentifiedIn> = {
  text(value, view) {
    const { live, dead, unknown } = counts(value);
    if (live + dead + unknown === 0)
      return line`no token of ours stands in ${clean(cutTokens(value.source).text)}`;
    const parts = [
      ...(live > 0 ? [line`${live} live`] : []),
      ...(unknown > 0 ? [line`${unknown} unknown`] : []),
      ...(dead > 0 ? [line`${dead} dead`] : []),
    ];
    const heading = line`${clean(cutTokens(value.source).text)}: ${joinWith(line`, `, parts)}`;
    const shown = value.tokens.slice(0, mostShown);
    const lines = [view.style.strong(heading), ...shown.map((token) => tokenText(token, value.where, view))];
    const hidden = live + dead + unknown - shown.length;
    if (hidden > 0) lines.push(view.style.muted(line`${hidden} more: -o json, ndjson or csv lists them`));
    return joinLines(lines);
  },
  json: (value) => ({
    source: cutTokens(value.source).text,
    complete: value.gaps.length === 0,
    gaps: value.gaps.map((gap) => cutTokens(gap).text),
    incident_id: value.incidentId,
    tokens: value.tokens.map(tokenJson),
    ...counts(value),
  }),
  records: (value) => value.tokens.map(tokenJson),
  columns: [
    'verdict',
    'key_id',
    'status',
    'name',
    'version',
    'owner',
    'successor_id',
    'redacted',
    'fingerprint',
    'cause',
    'times',
    'places',
  ],
  /** Only what has to be stopped: the list is made for `revoke`. */
  ids: (value) => value.tokens.filter((token) => token.verdict === 'live').map(keyIdOf),
};

/** More than this nobody reads on a screen. */
const mostShown = 50;
const mostPlacesShown = 5;
const tones: Readonly<Record<Verdict, Tone>> = { live: 'danger', unknown: 'warning', dead: 'dead' };

function counts({ tokens, omitted }: Identified): Record<Verdict, number> {
  const of = (verdict: Verdict) => tokens.filter((token) => token.verdict === verdict).length;
  return { live: of('live'), dead: of('dead'), unknown: of('unknown') + omitted };
}

function tokenText(token: IdentifiedToken, where: string, view: View): Safe {
  const { style } = view;
  const tone = tones[token.verdict];
  const word = style[tone](line`${style.sign[tone]} ${clean(token.verdict.padEnd(8))}`);
  const lines = [line`${word} ${headText(token, view)}`];
  const row = token.row;
  if (row === null) {
    lines.push(labelled(line`why`, causeText(token, where), view));
  } else {
    lines.push(labelled(line`owner`, clean(row.owner?.email ?? 'nobody known'), view));
    const fate = keyFate(row, row.key.status);
    if (fate !== null) lines.push(labelled(line`fate`, fate, view));
    if (row.key.replacedBy !== null) lines.push(labelled(line`successor`, clean(row.key.replacedBy), view));
    lines.push(labelled(line`found as`, clean(token.redacted), view));
  }
  lines.push(labelled(line`stood`, placesText(token), view));
  return joinLines(lines);
}

function headText({ row, redacted }: IdentifiedToken, { style }: View): Safe {
  if (row === null) return style.strong(clean(redacted));
  const { id, name, version, status } = row.key;
  return line`${style.strong(clean(id))}  ${clean(name)}  v${version}  ${statusWord(status, style)}`;
}

function causeText({ cause }: IdentifiedToken, where: string): Safe {
  return cause === 'other_secret'
    ? line`a key in ${clean(where)} has this locator, but another secret: forged, or of another database`
    : line`its checksum is right, but there is no such key in ${clean(where)}`;
}

function placesText({ places, times }: IdentifiedToken): Safe {
  const shown = places.slice(0, mostPlacesShown).map((place) => placeText(withoutTokens(place)));
  const rest = Math.max(times, places.length) - shown.length;
  return joinWith(line`; `, [...shown, ...(rest > 0 ? [line`and ${rest} more`] : [])]);
}

function placeText({ kind, commit, path, object, line: at, column }: Place): Safe {
  const short = (id: string | null) => clean((id ?? '').slice(0, 12));
  const position = at === null ? line`` : line`${at}${column === null ? line`` : line`:${column}`}`;
  if (kind === 'text') return line`line ${position}`;
  if (kind === 'commit_message') return line`message of commit ${short(commit)}`;
  if (kind === 'tag') return line`tag ${short(object)}`;
  if (kind === 'file_name' && path === null) return line`a file name in tree ${short(object)}`;
  if (kind === 'file' && path === null) return line`blob ${short(object)} line ${position}, in no commit`;
  const name = kind === 'file_name' ? line`file name ${clean(path ?? '')}` : clean(path ?? 'somewhere');
  const colon = at === null ? line`` : line`:${position}`;
  return line`${name}${colon}${commit === null ? line`` : line` in commit ${short(commit)}`}`;
}

/** A file may be named by a token, and what was searched too: the answer never holds one. */
function withoutTokens(place: Place): Place {
  const path = place.path === null ? null : cutTokens(place.path).text;
  return { ...place, path, source: cutTokens(place.source).text };
}

function keyIdOf(token: IdentifiedToken): string {
  return token.row?.key.id ?? '';
}

function tokenJson(token: IdentifiedToken): Record<string, Json> {
  const { row } = token;
  return {
    verdict: token.verdict,
    key_id: row?.key.id ?? null,
    status: row?.key.status ?? null,
    name: row?.key.name ?? null,
    version: row?.key.version ?? null,
    owner: row?.owner?.email ?? null,
    successor_id: row?.key.replacedBy ?? null,
    redacted: token.redacted,
    fingerprint: token.fingerprint,
    cause: token.cause,
    times: token.times,
    places: token.places.map((place) => ({ ...withoutTokens(place) })),
  };
}
