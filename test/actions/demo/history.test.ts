import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { BlockList } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorOf, type DemoHistory, demoHistory } from '../../../src/actions/demo/history.js';
import type { UsageEvent } from '../../../src/db/demo-events.js';
import { parseToken } from '../../../src/domain/token.js';

/** A Wednesday, half past two in the afternoon. */
const anchor = Date.UTC(2026, 4, 20, 14, 30);
const hour = 3_600_000;
const day = 24 * hour;
const week = 7 * day;

const history = demoHistory(1, anchor);
const events = [...history.events()];
const byKey = grouped(events, (event) => event.keyId);
const eventsOf = (id: string): UsageEvent[] => byKey.get(id) ?? [];

function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** Everything of an event, its time counted from the end of the history. */
function digestOf(history: DemoHistory): string {
  const hash = createHash('sha256');
  for (const event of history.events())
    hash.update(JSON.stringify({ ...event, at: event.at - history.anchor }));
  return hash.digest('hex');
}

const tokens = ({ lives }: DemoHistory) => lives.all.map(({ minted }) => minted.token.reveal());

describe('a seed', () => {
  it('gives the same keys, tokens, changes and events again', () => {
    const again = demoHistory(1, anchor);
    expect(tokens(again)).toEqual(tokens(history));
    expect(again.changes).toEqual(history.changes);
    expect(digestOf(again)).toBe(digestOf(history));
  });

  it('gives the same history a week later, moved; and the same keys at any time', () => {
    expect(digestOf(demoHistory(1, anchor + 3 * week))).toBe(digestOf(history));
    const elsewhen = demoHistory(1, anchor + 11 * hour);
    expect(tokens(elsewhen)).toEqual(tokens(history));
    expect(elsewhen.leak.life.minted.id).toBe(history.leak.life.minted.id);
  });

  it('keeps the hours that were there when the history ends a little later', () => {
    const calm = history.lives.all.find((life) => life.family.name === 'search-index')?.minted.id;
    const common = (all: Iterable<UsageEvent>) =>
      [...all].filter(({ keyId, at }) => keyId === calm && at >= anchor - 29 * day && at < anchor);
    expect(common(demoHistory(1, anchor + 2 * hour).events())).toEqual(common(events));
  });

  it('gives other keys, another leak and other requests than another seed', () => {
    const other = demoHistory(2, anchor);
    expect(tokens(other).filter((token) => tokens(history).includes(token))).toEqual([]);
    expect(digestOf(other)).not.toBe(digestOf(history));
    const leaked = [1, 2, 3, 4, 5, 6].map((seed) => demoHistory(seed, anchor).leak.life.family.name);
    expect(new Set(leaked).size).toBeGreaterThan(1);
  });

  it('ends its history at full ten minutes', () => {
    expect(anchorOf(new Date('2026-05-20T14:39:59.999Z'))).toBe(anchor);
  });
});

describe('the month', () => {
  it('has 40 keys of ten owners, and a quarter of a million requests, by key and time', () => {
    expect(history.lives.all).toHaveLength(40);
    expect(new Set(history.lives.all.map(({ family }) => family.owner)).size).toBe(10);
    expect(events.length).toBeGreaterThan(150_000);
    expect(events.length).toBeLessThan(400_000);
    const unsorted = events.filter(({ keyId, at }, index) => {
      const before = events[index - 1];
      return before !== undefined && (before.keyId > keyId || (before.keyId === keyId && before.at > at));
    });
    expect(unsorted).toEqual([]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it('stays inside its thirty days', () => {
    const times = events.map(({ at }) => at);
    expect(times.reduce((a, b) => Math.min(a, b))).toBeGreaterThanOrEqual(anchor - 30 * day);
    const last = times.reduce((a, b) => Math.max(a, b));
    expect(last).toBeLessThan(anchor);
    expect(last).toBeGreaterThan(anchor - 15 * 60_000);
  });

  it('uses documentation addresses and domains only (RFC 5737, RFC 3849, RFC 2606)', () => {
    const documented = new BlockList();
    for (const network of ['192.0.2.0', '198.51.100.0', '203.0.113.0']) documented.addSubnet(network, 24);
    documented.addSubnet('2001:db8::', 32, 'ipv6');
    const addresses = new Set([...events, ...history.strays()].map(({ ip }) => ip));
    const others = [...addresses].filter((ip) => !documented.check(ip, ip.includes(':') ? 'ipv6' : 'ipv4'));
    expect(others).toEqual([]);
    const mails = JSON.stringify(history.changes).match(/[\w.-]+@[\w.-]+\.\w+/g) ?? [];
    expect(mails.length).toBeGreaterThan(30);
    expect(mails.filter((mail) => !/@example\.(com|org)$/.test(mail))).toEqual([]);
  });

  it('is busier on weekdays than on weekends, and in office hours than at night', () => {
    const { life } = history.leak;
    const office = history.lives.all.find(
      ({ family }) => family !== life.family && family.name === 'sales-dashboard',
    );
    const used = eventsOf(office?.minted.id ?? '');
    const at = (test: (date: Date) => boolean) => used.filter((event) => test(new Date(event.at))).length;
    const weekend = at((date) => [0, 6].includes(date.getUTCDay())) / 8;
    expect(weekend).toBeLessThan((used.length / 22) * 0.4);
    expect(at((date) => date.getUTCHours() < 5 || date.getUTCHours() > 20)).toBeLessThan(used.length * 0.02);
  });

  it('has few errors, bursts of deployments, and releases that change the user agents', () => {
    const accepted = events.filter(({ status }) => status < 400).length;
    expect(accepted / events.length).toBeGreaterThan(0.97);
    const deploys = history.lives.all.filter(({ family }) => family.name === 'ci-deploy');
    const minutes = grouped(
      deploys.flatMap(({ minted }) => eventsOf(minted.id)),
      ({ at }) => Math.floor(at / 600_000),
    );
    expect(Math.max(...[...minutes.values()].map((burst) => burst.length))).toBeGreaterThan(25);
    const payment = history.lives.all.find(
      ({ family, version }) => family.name === 'pay-api' && version === 3,
    );
    const agents = new Set(eventsOf(payment?.minted.id ?? '').map(({ userAgent }) => userAgent));
    expect(agents.size).toBeGreaterThan(2);
  });

  it('agrees with what was done to the keys: nothing is accepted of a key that was not usable', () => {
    for (const { minted, activatedAt, endedAt, replacedAt } of history.lives.all) {
      const accepted = eventsOf(minted.id).filter(({ status }) => status !== 401 && status !== 403);
      const until = endedAt ?? (replacedAt === null ? anchor : replacedAt + day);
      expect(accepted.filter(({ at }) => at < (activatedAt ?? anchor) || at >= until)).toEqual([]);
    }
  });

  it('has a decoy and an idle key that nobody used, and one that was never delivered', () => {
    const idle = ['admin-backup', 'intern-project', 'onboarding-bot'];
    const lives = history.lives.all.filter(({ family }) => idle.includes(family.name));
    expect(lives).toHaveLength(3);
    expect(lives.flatMap(({ minted }) => eventsOf(minted.id))).toEqual([]);
  });
});

describe.each([1, 2, 3, 4, 5])('the leak of seed %i', (seed) => {
  const { leak, lives, ...told } = demoHistory(seed, anchor);
  const all = [...told.events()];
  const abuse = all.filter(({ ip }) => [leak.scout, ...leak.exporters].includes(ip));

  it('is one key, abused for some hours of a night of the last days', () => {
    expect(new Set(abuse.map(({ keyId }) => keyId))).toEqual(new Set([leak.life.minted.id]));
    expect(leak.from).toBeGreaterThan(anchor - 4 * day);
    expect(new Date(leak.from).getUTCHours()).toBeLessThan(4);
    expect((leak.until - leak.from) / hour).toBeGreaterThanOrEqual(3);
    expect((leak.until - leak.from) / hour).toBeLessThanOrEqual(6);
  });

  it('begins with looking around and goes on with exports, from networks that nobody else uses', () => {
    const night = abuse.filter(({ at }) => at < leak.until);
    const firstExport = night.findIndex(({ bytes }) => bytes > 100_000);
    const looking = night.slice(0, firstExport);
    expect(new Set(looking.map(({ endpoint }) => endpoint)).size).toBeGreaterThan(8);
    expect(looking.filter(({ status }) => status >= 400).length).toBeGreaterThan(looking.length / 3);
    const exporting = night.slice(firstExport);
    expect(exporting.length).toBeGreaterThan(2000);
    expect(exporting.every(({ endpoint }) => endpoint === '/v1/export')).toBe(true);
    const abusive = new Set(abuse);
    const others = all.filter((event) => !abusive.has(event));
    expect(others.some(({ ip }) => ip.startsWith('192.0.2.') || ip.startsWith('2001:db8:bad'))).toBe(false);
    expect(others.some(({ endpoint }) => endpoint === '/v1/export')).toBe(false);
  }, 60_000);

  it('goes on until now: whoever has the key still tries whether it works', () => {
    expect(abuse.at(-1)?.at).toBeGreaterThan(anchor - 10 * 60_000);
    expect(parseToken(leak.life.minted.token.reveal())).toMatchObject({
      kind: 'token',
      id: leak.life.minted.id,
    });
    expect(lives.all).toContain(leak.life);
  });
});

describe('the rotation under way', () => {
  const { old, next } = history.lives.rotation;

  it('is inside its grace, and all machines but two have taken the new key', () => {
    const begun = next.activatedAt ?? 0;
    expect(anchor - begun).toBeGreaterThan(5 * hour);
    expect(anchor - begun).toBeLessThan(day);
    const late = eventsOf(old.minted.id).filter(({ at }) => at > begun + 3 * hour);
    expect(new Set(late.map(({ ip }) => ip)).size).toBe(2);
    expect(new Set(late.map(({ userAgent }) => userAgent))).toEqual(new Set(['billing-worker/2.3.0']));
    expect(new Set(eventsOf(next.minted.id).map(({ ip }) => ip)).size).toBe(8);
  });
});

it('is known to nothing else: no id of it stands anywhere in the sources', async () => {
  const root = join(import.meta.dirname, '../../../src');
  const files = await readdir(root, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'utf8')),
  );
  const all = texts.join('\n');
  expect(history.lives.all.filter(({ minted }) => all.includes(minted.locator))).toEqual([]);
});
