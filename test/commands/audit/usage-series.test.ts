import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeOptions, type Ran, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { seedEvents } from '../../support/seed-events.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

const wide = { stdin: true, stdout: true, stderr: true, columns: 100 };
const week = ['--since', '2026-03-02', '--until', '2026-03-09'];

let database: TestDatabase;
let key: SeededKey;

/** Requests to an endpoint at a day and hour of March 2026. */
const events = (endpoint: string, day: number, hour: number, times: number) =>
  Array.from({ length: times }, (_, at) => ({
    ts: new Date(Date.UTC(2026, 2, day, hour, 0, at)).toISOString(),
    ...{ key_id: key.id, id: `${endpoint} ${day} ${hour} ${at}`, endpoint, status: 200 },
    ...{ ip_text: '192.0.2.1', user_agent: `sdk-${at % 2}/1.${at}`, bytes: 100 },
  }));

beforeAll(async () => {
  database = await freshDatabase();
  const admin = await database.connect();
  key = await seedKey(admin, { name: 'alice-prod', owner: 'alice@example.com' });
  await seedEvents(admin, [
    ...events('/a', 2, 0, 8),
    ...events('/a', 2, 12, 4),
    ...events('/a', 8, 23, 1),
    ...events('/b', 5, 11, 2),
    ...events('/b', 5, 12, 2),
  ]);
  // The last moment of the window counts, the first after it does not.
  await seedEvents(admin, [
    { ts: '2026-03-08T23:59:59.999999Z', key_id: key.id, id: 'last', endpoint: '/a' },
    { ts: '2026-03-09T00:00:00Z', key_id: key.id, id: 'after', endpoint: '/a' },
  ]);
});
afterAll(() => database.drop());

const audit = (argv: readonly string[], options: FakeOptions = {}): Promise<Ran> =>
  runCommand(['audit', ...argv], {
    ...{ database, role: 'test_viewer', now: new Date('2026-03-10T00:00:00Z') },
    ...{ env: { NO_COLOR: '1' }, ...options },
  });

/** The last cell of the row that begins so. */
const drawn = ({ stdout }: Ran, label: string) =>
  stdout
    .split('\n')
    .find((line) => line.startsWith(`${label} `))
    ?.split(' ')
    .at(-1);

describe('counts on a terminal', () => {
  it.each([
    ['endpoints', ['endpoints']],
    ['usage --by endpoint', ['usage', '--by', 'endpoint']],
    ['usage --by with a limit', ['usage', '--by', 'endpoint', '--limit', '5']],
  ])(
    '%s: requests of each group over the window, twelve hours a bar',
    async (_what, [verb = '', ...flags]) => {
      const ran = await audit([verb, key.id, ...week, ...flags], { terminal: wide });
      expect(ran.code).toBe(0);
      expect(ran.stdout).toContain('OVER TIME');
      expect(drawn(ran, '/a')).toBe('█▅···········▃');
      expect(drawn(ran, '/b')).toBe('······██······');
      expect(drawn(ran, 'total')).toBe('█▅····▃▃·····▃');
    },
  );

  it('in letters where the locale has no others', async () => {
    const ran = await audit(['endpoints', key.id, ...week], { terminal: { ...wide, unicode: false } });
    expect(drawn(ran, '/a')).toBe('#:...........-'.replace(':', '='));
  });

  it.each(['ip', 'agent', 'status', 'model', 'version', 'key', 'owner'])('by %s too', async (by) => {
    const ran = await audit(['usage', '--all', '--by', by, ...week], { terminal: wide });
    expect(ran.code).toBe(0);
    expect(drawn(ran, 'total')).toBe('█▅····▃▃·····▃');
  });

  it('by hour not: hours are a series themselves', async () => {
    const ran = await audit(['usage', key.id, '--by', 'hour', ...week], { terminal: wide });
    expect(ran.stdout).toContain('HOUR');
    expect(ran.stdout).not.toContain('OVER TIME');
  });

  it.each([
    [['--since', '1h'], 12],
    [['--since', '24h'], 12],
    [['--since', '30d'], 15],
    [['--since', '90d'], 13],
    [['--since', '365d'], 14],
    [['--since', '2026-03-08T23:00:00Z', '--until', '2026-03-08T23:00:10Z'], 1],
    // A moment more than a week is no reason for a bar more.
    [['--since', '2026-03-02', '--until', '2026-03-09T00:00:01Z'], 14],
  ])('over %j there are %i bars', async (flags, bars) => {
    const now = new Date('2026-03-08T23:30:00Z');
    const ran = await audit(['endpoints', key.id, ...flags], { terminal: wide, now });
    expect(drawn(ran, '/a')).toHaveLength(bars);
  });

  it('with less room in longer parts, and without when it began and ended', async () => {
    const columns = (columns: number) =>
      audit(['endpoints', key.id, ...week], { terminal: { ...wide, columns } });
    expect((await columns(120)).stdout).toMatch(/ FIRST +LAST +OVER TIME$/m);
    const usual = await columns(80);
    expect(usual.stdout).toMatch(/ BYTES +LAST +OVER TIME$/m);
    expect(drawn(usual, '/a')).toBe('█·····▂');
    expect(drawn(usual, '/b')).toBe('···█···');
    expect((await columns(52)).stdout).toMatch(/ BYTES +OVER TIME$/m);
    expect((await columns(40)).stdout).toMatch(/ BYTES$/m);
  });
});

describe('counts elsewhere', () => {
  it('have no bars in a pipe', async () => {
    const { stdout } = await audit(['endpoints', key.id, ...week]);
    expect(stdout).not.toContain('OVER TIME');
    expect(stdout).not.toMatch(/[▁-█]/);
  });

  it.each(['json', 'ndjson', 'csv'])('nor in %s, on a terminal either', async (form) => {
    const argv = ['usage', key.id, '--by', 'endpoint', ...week, '-o', form];
    const onTerminal = await audit(argv, { terminal: wide });
    expect(onTerminal.stdout).not.toMatch(/series|over|[▁-█]/i);
    const spaceless = ({ stdout }: Ran) => stdout.replace(/\s/g, '');
    expect(spaceless(onTerminal)).toBe(spaceless(await audit(argv)));
  });
});
