import type { DemoChange } from '../../db/demo-changes.js';
import type { StrayEvent, UsageEvent } from '../../db/demo-events.js';
import { changesOf } from './changes.js';
import { abuseOf, guessesOf, type Leak, leakOf } from './leak.js';
import { historyMs, type Life, type Lives, livesOf, minuteMs } from './lives.js';
import { trafficOf } from './traffic.js';

/** A month of made-up history: whose keys, what was done to them, and what was done with them. */
export interface DemoHistory {
  readonly seed: number;
  /** Its end, and its beginning for usage; keys are older. Milliseconds since 1970. */
  readonly anchor: number;
  readonly start: number;
  readonly lives: Lives;
  readonly leak: Leak;
  readonly changes: readonly DemoChange[];
  /** By key and time, as the table's primary key has them; made while they are read. */
  events(): Generator<UsageEvent>;
  strays(): Generator<StrayEvent>;
}

const stepMs = 10 * minuteMs;

/** The end of a history that is made now: now, rounded down to ten minutes, so that a second one soon after is the same. */
export function anchorOf(now: Date): number {
  return Math.floor(now.getTime() / stepMs) * stepMs;
}

/**
 * The history of a seed. Ids and tokens come from the seed alone. The same seed and anchor give the same history, event
 * for event; an anchor whole weeks later gives the same one, moved; one a little later in the same week keeps the hours
 * that were there and adds to them (only what is told from the end, the leak and the open rotation, moves with it).
 */
export function demoHistory(seed: number, anchor: number): DemoHistory {
  const lives = livesOf(seed, anchor);
  const leak = leakOf(seed, anchor, lives.all);
  const byId = [...lives.all].sort((a, b) => (a.minted.id < b.minted.id ? -1 : 1));
  return {
    seed,
    anchor,
    start: anchor - historyMs,
    lives,
    leak,
    changes: changesOf(seed, anchor, lives),
    *events() {
      for (const life of byId) yield* eventsOf(seed, anchor, life, leak);
    },
    strays: () => guessesOf(seed, leak),
  };
}

function* eventsOf(seed: number, anchor: number, life: Life, leak: Leak): Generator<UsageEvent> {
  const own = trafficOf(seed, anchor, life);
  if (life !== leak.life) {
    yield* own;
    return;
  }
  yield* [...own, ...abuseOf(seed, anchor, leak)].sort((a, b) => a.at - b.at);
}
