import { playDemo } from '../../db/demo-changes.js';
import {
  type DemoOptions,
  demoState,
  recordDemoLoaded,
  replaceDemo,
  withDemoServer,
} from '../../db/demo-database.js';
import { loadDemoEvents, loadDemoStrays } from '../../db/demo-events.js';
import type { AuditContext } from '../../db/kernel.js';
import { randomBase62 } from '../../domain/base62.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { bytesOf } from './chance.js';
import { anchorOf, type DemoHistory, demoHistory } from './history.js';
import { people } from './people.js';

/** The demo as it is now, for whoever is going to play with it. */
export interface Demo {
  readonly history: DemoHistory;
  /** False: it was there already. */
  readonly made: boolean;
  /** Null in a dry run. */
  readonly loadedAt: string | null;
  readonly events: number;
  readonly strays: number;
}

export interface DemoRequest extends DemoOptions {
  /** The folder of migrations and kernel. */
  readonly folder: string;
  readonly seed: number;
  readonly fresh: boolean;
  readonly now: Date;
  readonly operationId: string;
  readonly context: AuditContext;
  /** Called when making one begins, not when one is found. */
  readonly onStart: () => void;
}

/**
 * The demo database: made if there is none or a fresh one is wanted, else the one that is there.
 * @throws KeyctlError 4 when a database of that name holds keys of somebody's own.
 */
export function makeDemo(request: DemoRequest): Promise<Demo> {
  return withDemoServer(request, async (server) => {
    if (!request.fresh) {
      const state = await demoState(server);
      if (state.kind === 'loaded') return found(state);
      if (state.kind === 'unknown') throw notOurs(state.keys);
    }
    request.onStart();
    const history = demoHistory(request.seed, anchorOf(request.now));
    let events = 0;
    let strays = 0;
    let loadedAt = '';
    await replaceDemo(server, request.folder, async (connection) => {
      await playDemo(connection.sql, { changes: history.changes, owners: ownersOf(history) });
      const client = await connection.copyClient();
      try {
        ({ events } = await loadDemoEvents(client, history, history.events()));
        strays = await loadDemoStrays(client, history.strays());
      } finally {
        await client.close();
      }
      const { seed, anchor } = history;
      const details = { seed, anchor: new Date(anchor).toISOString(), events, strays };
      loadedAt = await recordDemoLoaded(connection.sql, { ...request, details });
    });
    return { history, made: true, loadedAt, events, strays };
  });
}

/** What would be loaded, counted and not loaded. */
export function planDemo(seed: number, now: Date): Demo {
  const history = demoHistory(seed, anchorOf(now));
  const count = (items: Iterable<unknown>) => {
    let found = 0;
    for (const _item of items) found += 1;
    return found;
  };
  return {
    history,
    made: false,
    loadedAt: null,
    events: count(history.events()),
    strays: count(history.strays()),
  };
}

function found(state: { loadedAt: string; details: Readonly<Record<string, unknown>> }): Demo {
  const { seed, anchor, events, strays } = state.details;
  const history = demoHistory(Number(seed), Date.parse(String(anchor)));
  return { history, made: false, loadedAt: state.loadedAt, events: Number(events), strays: Number(strays) };
}

/** Owners get their ids from the seed too; they were registered when their first key was. */
function ownersOf(history: DemoHistory) {
  return Object.entries(people).map(([name, person]) => {
    const keys = history.lives.all.filter((life) => people[life.family.owner] === person);
    return {
      ownerId: `own_${randomBase62(12, bytesOf(history.seed, `owner/${name}`))}`,
      email: person.email,
      name: person.name,
      userId: person.userId,
      createdAt: Math.min(...keys.map((life) => life.createdAt)),
    };
  });
}

function notOurs(keys: number): KeyctlError {
  return new KeyctlError({
    code: 'demo_in_use',
    message: `the embedded database keyctl_demo holds ${keys} keys that are not the demo's; nothing was done`,
    hint: 'keyctl demo --fresh replaces it',
    exitCode: exitCodes.state,
  });
}
