import type { Connection } from '../../../src/db/connect.js';
import type { Knowledge } from '../../../src/domain/detect/activity.js';
import { type EventSeed, seedEvents } from '../../support/seed-events.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** A Wednesday; the month before is history. */
export const judgedFrom = Date.parse('2024-10-02T00:00:00Z');
export const judgedUntil = judgedFrom + dayMs;
const historyFrom = judgedFrom - 32 * dayMs;

const home = ['198.51.100.10', '198.51.100.11'];
const agentHome = 'billing-worker/2.3';
const endpoints = ['/v1/invoices', '/v1/usage', '/v1/customers'];
const stranger = '192.0.2.77';
const crammer = '192.0.2.200';
const stuffingFrom = judgedFrom + 14 * hourMs;

/** Berlin at home, and Auckland for whoever has the stolen key. */
export const knowledge: Knowledge = {
  place: (ip) =>
    ip.startsWith('198.51.100.')
      ? { asn: 64500, country: 'DE', lat: 52.5, lon: 13.4 }
      : ip.startsWith('203.0.113.')
        ? { asn: 64501, country: 'NZ', lat: -36.8, lon: 174.8 }
        : null,
  listed: (ip) => (ip === stranger ? "the team's list" : null),
};

type Use = Partial<EventSeed> & { readonly at: number; readonly ip?: string };

/** What a month of abuse, mistakes and negligence looks like: together they fire every detector. */
export async function seedSituations(admin: Connection): Promise<void> {
  const events: EventSeed[] = [];
  const log = (key: SeededKey, uses: readonly Use[]) => {
    for (const use of uses) events.push(eventOf(key, use, events.length));
  };
  const stories = [
    stolen,
    stolenAbroad,
    decoyed,
    rotated,
    expired,
    dormant,
    forgotten,
    limited,
    expensive,
    silent,
  ];
  for (const story of stories) await story(admin, log);
  await stuffed(admin, log);
  await seedEvents(admin, events);
  await guesses(admin);
}

type Story = (admin: Connection, log: (key: SeededKey, uses: readonly Use[]) => void) => Promise<void>;

/** Guessed at, looked around with, and emptied at night, while it is used at home in the morning. */
const stolen: Story = async (admin, log) => {
  const key = await seedKey(admin, { name: "o'hara\\billing" });
  const night = judgedFrom + 2 * hourMs;
  log(key, [
    ...workdays(historyFrom, judgedUntil),
    ...times(14, night, 20_000).map((at) => ({ at, ip: stranger, status: 401, user_agent: 'sqlmap/1.8' })),
    ...times(40, night + 6 * minuteMs, 9000).map((at, n) => ({
      ...{ at, ip: stranger, user_agent: 'sqlmap/1.8', status: n % 3 === 0 ? 200 : n % 3 === 1 ? 403 : 404 },
      endpoint: `/v1/secret${n % 12}'\\\n`,
    })),
    ...times(200, night + 20 * minuteMs, 6000).map((at, n) => ({
      ...{ at, ip: stranger, user_agent: 'Go-http-client/2.0', endpoint: '/v1/export' },
      ...{ bytes: 900_000, object: `batch-${n}` },
    })),
    ...times(30, judgedFrom + 9 * hourMs, 20_000).map((at) => ({ at, ip: stranger, user_agent: 'curl/8' })),
  ]);
};

/** Seen on the other side of the world, and failing there. */
const stolenAbroad: Story = async (admin, log) => {
  const key = await seedKey(admin);
  log(key, [
    ...workdays(historyFrom, judgedUntil),
    ...times(90, judgedFrom + 10 * hourMs + 20 * minuteMs, 15_000).map((at, n) => ({
      ...{ at, ip: '203.0.113.9', status: n % 2 === 0 ? 200 : 500, endpoint: '/v1/customers' },
    })),
  ]);
};

const decoyed: Story = async (admin, log) => {
  const key = await seedKey(admin);
  await admin.sql`update keyctl.api_keys set decoy = true where id = ${key.id}`;
  log(key, [{ at: judgedFrom + 3 * hourMs, ip: stranger, status: 403 }]);
};

/** One host has the old key yet, and so has somebody else. */
const rotated: Story = async (admin, log) => {
  const old = await seedKey(admin, { status: 'replaced' });
  const next = await seedKey(admin, { family: old });
  const ended = judgedFrom + 8 * hourMs;
  await admin.sql`update keyctl.api_keys set usable_until = ${new Date(ended).toISOString()},
    replaced_at = ${new Date(ended - dayMs).toISOString()} where id = ${old.id}`;
  log(old, [
    ...workdays(historyFrom, ended),
    ...times(8, ended + hourMs, 40_000).map((at) => ({ at, ip: home[0] ?? '', status: 401 })),
    ...times(2, ended + hourMs, 90_000).map((at) => ({ at, ip: stranger, status: 401 })),
  ]);
  log(next, workdays(ended - dayMs, judgedUntil));
};

/** Expired, and the gateway did not listen. */
const expired: Story = async (admin, log) => {
  const key = await seedKey(admin);
  const ended = judgedFrom + 9 * hourMs;
  await admin.sql`update keyctl.api_keys set expires_at = ${new Date(ended).toISOString()} where id = ${key.id}`;
  log(key, [...workdays(historyFrom, ended), ...times(3, ended + 10 * minuteMs, 5000).map((at) => ({ at }))]);
};

const dormant: Story = async (admin, log) => {
  const key = await seedKey(admin);
  log(key, [
    ...workdays(judgedFrom - 60 * dayMs, judgedFrom - 40 * dayMs),
    { at: judgedFrom + 11 * hourMs, ip: stranger, user_agent: 'curl/8' },
  ]);
};

const forgotten: Story = async (admin, log) => {
  log(await seedKey(admin), workdays(historyFrom, judgedFrom - 12 * dayMs));
};

/** Runs against the limit of the gateway, and another one past its own. */
const limited: Story = async (admin, log) => {
  const key = await seedKey(admin);
  log(key, [
    ...workdays(historyFrom, judgedUntil),
    ...times(30, judgedFrom + 12 * hourMs, 30_000).map((at) => ({ at, status: 429 })),
  ]);
  const past = await seedKey(admin);
  await admin.sql`update keyctl.api_keys set rph = 40 where id = ${past.id}`;
  log(past, [
    ...workdays(historyFrom, judgedUntil),
    ...times(60, judgedFrom + 12 * hourMs, 30_000).map((at) => ({ at })),
  ]);
};

const expensive: Story = async (admin, log) => {
  const key = await seedKey(admin);
  log(key, [
    ...workdays(historyFrom, judgedUntil).map((use) => ({ ...use, cost_usd: 0.01 })),
    ...times(40, judgedFrom + 13 * hourMs, 30_000).map((at) => ({ at, cost_usd: 1.5 })),
  ]);
};

/** Every hour of the day some requests, and then none. */
const silent: Story = async (admin, log) => {
  const key = await seedKey(admin);
  const until = judgedFrom + 6 * hourMs;
  const uses: Use[] = [];
  for (let hour = historyFrom; hour < until; hour += hourMs)
    uses.push(...times(15, hour + minuteMs, 200_000).map((at) => ({ at })));
  log(key, uses);
};

/** One address tries keys and names, and gets in. */
const stuffed: Story = async (admin, log) => {
  const [from, ip] = [stuffingFrom, crammer];
  for (let n = 0; n < 7; n += 1) {
    const key = await seedKey(admin);
    log(key, [
      ...times(5, from + n * minuteMs, 4000).map((at) => ({ at, ip, status: 401 })),
      ...(n === 6 ? [{ at: from + 10 * minuteMs, ip, user_agent: 'curl/8' }] : []),
    ]);
  }
};

async function guesses({ sql }: Connection): Promise<void> {
  for (let n = 0; n < 24; n += 1)
    await sql`insert into keyctl.stray_events (ts, presented, id, status, ip, ip_text)
      values (${new Date(stuffingFrom + n * 3000).toISOString()}, ${`guess-${n % 6}`}, ${`stray-${n}`}, 401, ${crammer}, ${crammer})`;
}

/** Twelve requests in each hour from eight to six on working days (UTC). */
function workdays(from: number, until: number): readonly Use[] {
  const uses: Use[] = [];
  for (let hour = from; hour < until; hour += hourMs) {
    const day = new Date(hour);
    const resting = day.getUTCDay() === 0 || day.getUTCDay() === 6;
    if (resting || day.getUTCHours() < 8 || day.getUTCHours() >= 18) continue;
    uses.push(...times(12 + (day.getUTCDate() % 3), hour + 20_000, 240_000).map((at) => ({ at })));
  }
  return uses;
}

function times(count: number, from: number, stepMs: number): readonly number[] {
  return Array.from({ length: count }, (_none, n) => from + n * stepMs);
}

function eventOf(key: SeededKey, { at, ip, ...use }: Use, number: number): EventSeed {
  const address = ip ?? home[number % home.length] ?? '';
  return {
    ...{ ts: new Date(at).toISOString(), key_id: key.id, id: `event-${number}` },
    ...{ method: 'GET', endpoint: endpoints[number % endpoints.length] ?? null, status: 200 },
    ...{ user_agent: agentHome, bytes: 2000 + (number % 7) * 100, ip: address, ip_text: address },
    ...use,
  };
}
