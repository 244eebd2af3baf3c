import type { Activity, Knowledge, StrayActivity, Subject } from '../../src/domain/detect/activity.js';
import { thresholds } from '../../src/domain/detect/calibration.js';
import { addFamily, newFleetScores } from '../../src/domain/detect/fleet-scores.js';
import { raise } from '../../src/domain/detect/raise.js';
import type { Raised } from '../../src/domain/detect/raised.js';
import { addressDetectors, detectors } from '../../src/domain/detect/registry.js';
import { programOf } from '../../src/domain/detect/scanner-names.js';
import { familyWalk, type Scored } from '../../src/domain/detect/walk.js';
import { addressWalk } from '../../src/domain/detect/walk-addresses.js';

/** One request, as far as detectors look at it. */
export interface LogEvent {
  readonly at: number;
  readonly keyId: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly endpoint: string | null;
  readonly status: number | null;
  readonly bytes: number;
  readonly object: string | null;
}

interface StrayLogEvent extends Omit<LogEvent, 'keyId'> {
  readonly presented: string;
}

export interface Log {
  readonly subjects: readonly Subject[];
  readonly events: readonly LogEvent[];
  readonly strays: readonly StrayLogEvent[];
}

export interface JudgeOptions {
  readonly since: number;
  readonly until: number;
  readonly alertBudgetPerDay: number;
  readonly knowledge: Knowledge;
}

const tickMs = 300_000;

/** What the product would have raised over a log that is held in memory: the same walk, thresholds and onsets, without a database. */
export function judgeEvents(log: Log, options: JudgeOptions): readonly Raised[] {
  const scored: Scored[] = [];
  const take = (each: Scored) => scored.push(each);
  const fleet = newFleetScores();
  const activity = activitiesOf(log.events);
  const families = familiesOf(log.subjects, activity);
  for (const { subject, own } of families) {
    const walk = familyWalk({ ...options, subject, detectors, take });
    for (const each of own) walk.push(each);
    addFamily(fleet, walk.end(), detectors);
  }
  const keys = new Map(log.subjects.flatMap((subject) => subject.keys).map((key) => [key.keyId, key]));
  const addresses = addressWalk({ ...options, detectors: addressDetectors, keys, take });
  addresses.push(activity, straysOf(log.strays));
  addresses.end();
  const limits = thresholds(fleet, { alertBudgetPerDay: options.alertBudgetPerDay, detectors });
  return raise(scored, limits, detectors);
}

function familiesOf(
  subjects: readonly Subject[],
  activity: readonly Activity[],
): readonly { readonly subject: Subject; readonly own: readonly Activity[] }[] {
  const byKey = new Map<string, Activity[]>();
  const families = subjects.map((subject) => {
    const own: Activity[] = [];
    for (const { keyId } of subject.keys) byKey.set(keyId, own);
    return { subject, own };
  });
  for (const each of activity) byKey.get(each.keyId)?.push(each);
  return families;
}

type Sums = { -readonly [Name in keyof Activity]: Activity[Name] };

/** Five minutes that share key, address, program and endpoint, in the order of time: what the query of the product answers. */
function activitiesOf(events: readonly LogEvent[]): readonly Activity[] {
  const cells = new Map<string, Sums>();
  const objects = new Set<string>();
  for (const event of events) {
    const at = event.at - (event.at % tickMs);
    const agent = programOf(event.userAgent);
    const name = JSON.stringify([at, event.keyId, event.ip, agent, event.endpoint]);
    let cell = cells.get(name);
    if (cell === undefined) {
      cell = emptyCell(event, at, agent);
      cells.set(name, cell);
    }
    count(cell, event);
    const object = event.object === null ? null : `${name} ${event.object}`;
    if (object !== null && !objects.has(object)) {
      objects.add(object);
      cell.objects += 1;
    }
  }
  return [...cells.values()].toSorted((a, b) => a.at - b.at);
}

function emptyCell(event: LogEvent, at: number, agent: string | null): Sums {
  return {
    ...{ at, keyId: event.keyId, ip: event.ip, agent, endpoint: event.endpoint, requests: 0, ok: 0 },
    ...{ unauthorized: 0, forbidden: 0, notFound: 0, limited: 0, failed: 0, bytes: 0, costUsd: 0 },
    ...{ objects: 0, firstAt: event.at, lastAt: event.at, firstOkAt: null },
  };
}

function count(cell: Sums, { at, status, bytes }: LogEvent): void {
  cell.requests += 1;
  cell.bytes += bytes;
  cell.firstAt = Math.min(cell.firstAt, at);
  cell.lastAt = Math.max(cell.lastAt, at);
  if (status === null || status < 400) {
    cell.ok += 1;
    cell.firstOkAt = Math.min(cell.firstOkAt ?? at, at);
    return;
  }
  if (status === 401) cell.unauthorized += 1;
  else if (status === 403) cell.forbidden += 1;
  else if (status === 404) cell.notFound += 1;
  else if (status === 429) cell.limited += 1;
  else if (status >= 500) cell.failed += 1;
}

function straysOf(events: readonly StrayLogEvent[]): readonly StrayActivity[] {
  const cells = new Map<string, StrayActivity>();
  for (const { at: time, ip, presented, status } of events) {
    const at = time - (time % tickMs);
    const name = JSON.stringify([at, ip, presented]);
    const cell = cells.get(name);
    cells.set(name, {
      ...{ at, ip, presented, requests: (cell?.requests ?? 0) + 1 },
      ok: (cell?.ok ?? 0) + (status === null || status < 400 ? 1 : 0),
      ...{ firstAt: Math.min(cell?.firstAt ?? time, time), lastAt: Math.max(cell?.lastAt ?? time, time) },
    });
  }
  return [...cells.values()].toSorted((a, b) => a.at - b.at);
}
