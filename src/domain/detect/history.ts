import type { Activity } from './activity.js';
import type { Baseline } from './baseline.js';
import { dayMs, hourMs } from './profile.js';
import { addSighting, newSightings, type Sightings, sightingsFrom } from './sightings.js';

/** What a family did in one hour. */
export interface HourTotals {
  /** Where it begins, milliseconds since 1970. */
  readonly hour: number;
  requests: number;
  bytes: number;
  costUsd: number;
  errors: number;
  refused: number;
  objects: number;
  lastAt: number;
}

/** What a baseline is made from. Changed in place while a log goes by: there is one for every family, and one activity for every request. */
export interface History {
  readonly familyId: string;
  /** Hours with any request, by where they begin, in the order of time. */
  readonly hours: Map<number, HourTotals>;
  readonly sightings: Sightings;
}

/** As long as anything is remembered. */
export const memoryMs = 90 * dayMs;

export function newHistory(familyId: string): History {
  return { familyId, hours: new Map(), sightings: newSightings() };
}

/** Goes on from a stored baseline: what was seen is taken over, the hours come from the rollups. */
export function historyFrom(baseline: Baseline): History {
  return { familyId: baseline.familyId, hours: new Map(), sightings: sightingsFrom(baseline) };
}

/** Takes up some requests of the log, in the order of time. */
export function addActivity(history: History, activity: Activity): void {
  addSighting(history.sightings, activity);
  addToHours(history.hours, activity);
}

/** Adds some requests to the totals of their hour. */
export function addToHours(hours: Map<number, HourTotals>, activity: Activity): void {
  const hour = activity.at - (activity.at % hourMs);
  let totals = hours.get(hour);
  if (totals === undefined) {
    totals = { hour, requests: 0, bytes: 0, costUsd: 0, errors: 0, refused: 0, objects: 0, lastAt: 0 };
    hours.set(hour, totals);
  }
  totals.requests += activity.requests;
  totals.bytes += activity.bytes;
  totals.costUsd += activity.costUsd;
  totals.errors += activity.requests - activity.ok;
  totals.refused += activity.unauthorized + activity.forbidden;
  totals.objects += activity.objects;
  totals.lastAt = Math.max(totals.lastAt, activity.lastAt);
}

/** Drops hours that begin before; they stand in the order of time. */
export function forgetHours(hours: Map<number, HourTotals>, before: number): void {
  for (const hour of hours.keys()) {
    if (hour >= before) return;
    hours.delete(hour);
  }
}
