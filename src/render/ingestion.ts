import type { Ingestion } from '../actions/ingest-usage.js';
import { rejectCauses } from '../domain/ingest/reject.js';
import { newsRecord } from './incidents/incident-news.js';
import { fit } from './layout.js';
import { programName } from './program-name.js';
import type { Json, Renderer, View } from './renderer.js';
import { statusWord } from './status-word.js';
import { clean, joinLines, joinWith, line, type Safe } from './terminal-text.js';

/** What came of `audit ingest`. */
export const ingestion: Renderer<Ingestion> = {
  text: (value, view) =>
    joinLines([...filedText(value, view), ...rejectedText(value, view), ...exposedText(value, view)]),
  json: ingestionJson,
  ids: (value) => value.exposed.map((key) => key.keyId),
};

/** What of a key's states cannot come back. */
const dead: readonly (string | null)[] = ['revoked', 'replaced'];

function filedText(value: Ingestion, { style }: View): Safe[] {
  const verb = value.dryRun ? line`would be offered` : line`filed`;
  const sign = value.complete ? style.sign.ok : style.sign.warning;
  const paint = value.complete ? style.ok : style.warning;
  const first = paint(
    line`${sign} ${count(value.events, 'event', 'events')} ${verb} from ${clean(value.source)}`,
  );
  const details: Safe[] = [];
  if (value.firstAt !== null && value.lastAt !== null)
    details.push(line`  from ${clean(value.firstAt)} to ${clean(value.lastAt)}`);
  const { duplicates, stray, keysAdopted } = value;
  const counts: Safe[] = [];
  if (duplicates !== null && duplicates > 0)
    counts.push(line`${count(duplicates, 'was', 'were')} there already`);
  if (stray !== null && stray > 0) counts.push(line`${count(stray, 'stray', 'strays')} (no key of ours)`);
  if (keysAdopted !== null && keysAdopted > 0)
    counts.push(line`${count(keysAdopted, 'key', 'keys')} adopted`);
  if (counts.length > 0) details.push(line`  ${joinWith(line` ${style.glyph.dot} `, counts)}`);
  if (!value.complete) details.push(style.warning(line`  not the whole of it: run it again for the rest`));
  return [first, ...details];
}

function rejectedText(value: Ingestion, { style }: View): Safe[] {
  if (value.rejected === 0) return [];
  const causes = Object.entries(value.rejectedByCause).sort(([, a], [, b]) => b - a);
  return [
    style.warning(line`${style.sign.warning} ${count(value.rejected, 'line', 'lines')} rejected`),
    ...causes.map(([cause, times]) => {
      const words = rejectCauses[cause as keyof typeof rejectCauses] ?? '';
      return line`  ${grouped(times)} ${clean(cause)}: ${clean(words)}`;
    }),
  ];
}

function exposedText(value: Ingestion, view: View): Safe[] {
  const { style } = view;
  if (value.exposed.length === 0) return [];
  const what = value.exposed.length === 1 ? line`a key` : line`${grouped(value.exposed.length)} keys`;
  const heading = line`${style.sign.danger} the whole token of ${what} stands in this log`;
  const keys = value.exposed.slice(0, mostListed).map((key) => {
    const times = count(key.times, 'time', 'times');
    const status = key.status === null ? line`` : line`  ${statusWord(key.status, style)}`;
    const name = key.name === null ? line`` : line`  ${clean(key.name)}`;
    return fit(line`  ${clean(key.keyId)}${status}  ${times}${name}`, view.columns, style.glyph.ellipsis);
  });
  const more = value.exposed.length - keys.length;
  if (more > 0) keys.push(line`  and ${more} more: -o json lists them`);
  return [style.danger(heading), ...keys];
}

/** What to do next, for stderr; null when there is nothing. */
export function nextSteps(
  value: Ingestion,
  { demo, keptRejects }: { readonly demo: boolean; readonly keptRejects: boolean },
): Safe | null {
  const keyctl = programName(demo);
  const steps: Safe[] = [];
  const living = value.exposed.find((key) => !dead.includes(key.status));
  // The log's name does not stand in it: whoever copies a line into a shell runs what is in it.
  if (living !== undefined && !value.dryRun)
    steps.push(line`  next  ${keyctl} revoke ${clean(living.keyId)} --code leaked --reason "found in a log"`);
  if (value.rejected > 0 && !keptRejects) steps.push(line`  --rejects FILE keeps the rejected lines`);
  if ((value.stray ?? 0) > 0 && value.keysAdopted === 0)
    steps.push(line`  --adopt registers the names of strays that had an accepted event`);
  return steps.length === 0 ? null : joinLines(steps);
}

const mostListed = 20;

function ingestionJson(value: Ingestion): Record<string, Json> {
  return {
    operation_id: value.operationId,
    source: value.source,
    complete: value.complete,
    dry_run: value.dryRun,
    events: value.events,
    duplicates: value.duplicates,
    stray: value.stray,
    rejected: value.rejected,
    rejected_by_cause: { ...value.rejectedByCause },
    keys_adopted: value.keysAdopted,
    first_at: value.firstAt,
    last_at: value.lastAt,
    exposed: value.exposed.map(({ keyId, name, status, times }) => ({ key_id: keyId, name, status, times })),
    audit_seq: value.auditSeq,
    ...newsRecord(value.incidents),
  };
}

/** One line of talk while it goes on: how far, how many, how fast. */
export function progressLine(progress: {
  readonly events: number;
  readonly rejected: number;
  /** Between 0 and 1; null when nobody knows how much is to come. */
  readonly share: number | null;
  readonly seconds: number;
  readonly columns: number;
}): Safe {
  const { events, rejected, share, seconds, columns } = progress;
  const rate = seconds > 0 ? grouped(Math.round(events / seconds)) : line`0`;
  const percent =
    share === null ? line`` : line`${bar(share)} ${clean(`${Math.floor(share * 100)}`.padStart(3))} %  `;
  const bad = rejected > 0 ? line`  ${grouped(rejected)} rejected` : line``;
  return fit(line`${percent}${grouped(events)} events  ${rate}/s${bad}`, columns - 1);
}

const barLength = 20;

function bar(share: number): Safe {
  const full = Math.min(barLength, Math.floor(share * barLength));
  return clean(`[${'='.repeat(full)}${' '.repeat(barLength - full)}]`);
}

function count(number: number, one: string, many: string): Safe {
  return line`${grouped(number)} ${clean(number === 1 ? one : many)}`;
}

function grouped(number: number): Safe {
  return clean(number.toLocaleString('en-US'));
}
