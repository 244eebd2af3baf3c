import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { builtInPlaybooks } from '../../src/domain/playbooks/built-in.js';
import { runCommand } from '../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { type Pty, startPty } from '../support/pty.js';
import { incidentLog, seedIncident } from '../support/seed-incident.js';
import { type SeededKey, seedKey } from '../support/seed-keys.js';

/** Two boards and a walkthrough at once on one incident. More: TRIAGE_ROUNDS=60 TRIAGE_SEED=7. */
const rounds = Number(process.env.TRIAGE_ROUNDS ?? 5);
const seed = Number(process.env.TRIAGE_SEED ?? 1);

let database: TestDatabase;
let admin: Connection;
let url: string;
const open: Pty[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  const { host, port } = database.settings();
  url = `postgres://test_operator@${encodeURIComponent(host)}:${port}/${database.name}`;
});
afterEach(() => {
  for (const pty of open.splice(0)) pty.close();
});
afterAll(() => database.drop());

/** Numbers from 0 to below 1 that are the same for the same seed (mulberry32). */
function chance(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a board did, as it was told on its screen. */
interface Did {
  readonly notes: string[];
  readonly leads: string[];
  readonly linked: string[];
}

const list = / INC +SEV/;

/** Ways over the board that change nothing, each with what is seen then. Escape stands alone: letters behind it make it Alt. */
const wanderings: readonly (readonly (readonly [keys: string, seen: string | RegExp])[])[] = [
  [
    ['?', 'this list'],
    ['?', list],
  ],
  [
    ['t', /^ TRIAGE.*\n─ INC-1/],
    ['t', list],
  ],
  [
    ['r', 'Reason (kept'],
    ['\x1b', list],
  ],
  [
    ['s', 'Reason (kept'],
    ['\x1b', list],
  ],
  [
    ['/zz', 'nothing fits the filter zz'],
    ['\x15\r', list],
  ],
  [['R\tGgxyzv\x1b[B\x1b[A', list]],
];

/** Types random things for so many rounds; every change is waited for until the board tells it. */
async function board(
  name: string,
  keys: SeededKey[],
  random: () => number,
): Promise<Did & { readonly pty: Pty }> {
  const pty = await startPty(['incidents', 'triage'], { columns: 130, rows: 60, env: { DATABASE_URL: url } });
  open.push(pty);
  await pty.sees('INC-1');
  await pty.sees('alice-prod v1');
  const did: Did = { notes: [], leads: [], linked: [] };
  const changes: readonly ((round: number) => Promise<void>)[] = [
    async (round) => {
      const note = `note-${name}-${round}.`;
      pty.type(`n${note}\r`);
      await pty.sees(`noted: ${note}`);
      did.notes.push(note);
    },
    async (round) => {
      const lead = `lead-${name}-${round}.`;
      pty.type(`l\x15${lead}\r`);
      await pty.sees(`led by ${lead}`);
      did.leads.push(lead);
    },
    async () => {
      const key = keys.pop();
      if (key === undefined) return;
      pty.type(`k${key.id}\r\r`);
      await pty.sees(`linked ${key.id}`);
      did.linked.push(key.id);
    },
  ];
  for (let round = 0; round < rounds; round += 1) {
    const wander = wanderings[Math.floor(random() * wanderings.length)];
    for (const [keys, seen] of wander ?? []) {
      pty.type(keys);
      await pty.sees(seen);
    }
    await changes[Math.floor(random() * changes.length)]?.(round);
  }
  return { ...did, pty };
}

/** Every step of the playbook, by a script: done where that asks nothing, left out with a reason where it does. */
async function walkthrough(incidentId: string): Promise<string[]> {
  const playbook = builtInPlaybooks.find(({ name }) => name === 'compromise');
  const told: string[] = [];
  for (const { name, kind } of playbook?.steps ?? []) {
    if (kind === 'close') continue;
    const skip = ['identify', 'blast-radius'].includes(kind)
      ? []
      : ['--skip', 'left out while two boards work'];
    const argv = ['incidents', 'run', incidentId, '--step', name, ...skip, '--yes', '--json'];
    const ran = await runCommand(argv, { env: { DATABASE_URL: url } });
    told.push(`${name} ${ran.code}`);
    expect(ran.stderr).not.toMatch(/\n\s+at |keyctl: an error that keyctl does not know/);
  }
  return told;
}

it(
  'loses no update, does nothing twice, and shows no stack',
  async () => {
    const random = chance(seed);
    const key = await seedKey(admin, { name: 'alice-prod' });
    const spare = await Promise.all(Array.from({ length: 12 }, () => seedKey(admin)));
    const id = await seedIncident(admin, { severity: 'critical', keyIds: [key.id] });
    const [first, second, steps] = await Promise.all([
      board('first', spare.slice(0, 6), random),
      board('second', spare.slice(6), random),
      walkthrough(id),
    ]);
    const log = await incidentLog(admin, id);
    const reasons = (action: string) =>
      log.filter((row) => row.action === action).map(({ reason }) => reason);
    expect(reasons('incident.noted').toSorted()).toEqual([...first.notes, ...second.notes].toSorted());
    const leads = log
      .filter(({ action }) => action === 'incident.assigned')
      .map(({ details }) => details.lead);
    expect(leads.toSorted()).toEqual([...first.leads, ...second.leads].toSorted());
    const linked = log
      .filter(({ action }) => action === 'incident.key_linked')
      .map(({ key_id: each }) => each);
    expect(linked.toSorted()).toEqual([key.id, ...first.linked, ...second.linked].toSorted());
    expect(steps.every((each) => each.endsWith(' 0'))).toBe(true);
    expect(log.filter(({ action }) => /step_(finished|skipped)$/.test(action))).toHaveLength(steps.length);
    const [row] = await admin.sql`select lead from keyctl.incidents where incident_id = ${id}`;
    expect(row?.lead ?? null).toBe(leads.at(-1) ?? null);
    const verified = await runCommand(['audit', 'verify'], { env: { DATABASE_URL: url } });
    expect(verified.code).toBe(0);
    for (const { pty } of [first, second]) {
      await pty.sees(leads.length === 0 ? 'INC-1' : String(leads.at(-1)));
      expect(pty.written()).not.toMatch(/\n\s+at \S+ \(|TypeError|RangeError|undefined|\[object/);
      pty.type('q');
      expect((await pty.ended()).code).toBe(0);
    }
  },
  60_000 + rounds * 10_000,
);
