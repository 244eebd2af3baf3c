import type { Chance } from '../../src/actions/demo/chance.js';
import { groupBy } from '../../src/domain/detect/tally.js';
import { type BackgroundFamily, byTime, type DataEvent, logEventOf } from './background.js';
import type { LogEvent } from './judge-events.js';

/** How well whoever has the key knows the victim. */
export const disguises = ['none', 'program', 'program and endpoints'] as const;
export type Disguise = (typeof disguises)[number];

export interface Attack {
  /** The technique, or the scanner. */
  readonly name: string;
  readonly archetype: string;
  readonly events: readonly DataEvent[];
}

export interface Spliced {
  readonly attack: Attack;
  readonly disguise: Disguise;
  readonly victim: string;
  readonly from: number;
  readonly family: BackgroundFamily;
}

/** A pause of so long ends a session. */
const pauseMs = 600_000;

/** The recorded sequences: each technique of Stratus, each session of a scanner. */
export function attacksOf(stratus: readonly DataEvent[], scans: readonly DataEvent[]): readonly Attack[] {
  const techniques = [...groupBy(stratus, ({ source }) => source)].map(([source, events]) => {
    const name = source.replace('stratus-red-team ', '');
    return { name, archetype: name.split('.')[1] ?? name, events: timed(events) };
  });
  const sessions = [...groupBy(scans, ({ key, ip }) => `${key} ${ip}`)].flatMap(([name, events]) =>
    sessionsOf(timed(events)).map((session) => ({ name, archetype: 'web scan', events: session })),
  );
  return [...techniques, ...sessions.filter(({ events }) => events.length >= 20)];
}

function timed(events: readonly DataEvent[]): readonly DataEvent[] {
  return events.toSorted((a, b) => Date.parse(a.ts) - Date.parse(b.ts));
}

function sessionsOf(events: readonly DataEvent[]): readonly (readonly DataEvent[])[] {
  const sessions: DataEvent[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const event of events) {
    const at = Date.parse(event.ts);
    if (at - last > pauseMs) sessions.push([]);
    sessions.at(-1)?.push(event);
    last = at;
  }
  return sessions;
}

/** Puts an attack into the victim's month, at its own pace. */
export function splice(
  victim: BackgroundFamily,
  attack: Attack,
  { from, disguise, chance }: { readonly from: number; readonly disguise: Disguise; readonly chance: Chance },
): Spliced {
  const first = Date.parse(attack.events[0]?.ts ?? '');
  const newest = victim.keys.at(-1)?.keyId ?? '';
  const habits = victim.events.filter(({ status }) => (status ?? 0) < 400);
  const abuse = attack.events.map((event): LogEvent => {
    const plain = logEventOf(event, { keyId: newest, at: from + Date.parse(event.ts) - first });
    const like = chance.pick(habits);
    if (disguise === 'none') return plain;
    if (disguise === 'program') return { ...plain, userAgent: like.userAgent };
    return { ...plain, userAgent: like.userAgent, endpoint: like.endpoint };
  });
  const family = { ...victim, events: byTime([...victim.events, ...abuse]) };
  return { attack, disguise, victim: victim.name, from, family };
}
