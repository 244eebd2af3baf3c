import { expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { usageGroups } from '../../../src/db/reads/usage-groups.js';
import { parseUserAgent } from '../../../src/domain/user-agent.js';
import { hostile } from '../../render/hostile.js';
import { freshDatabase, servers, type TestDatabase } from '../../support/postgres.js';
import { seedEvents } from '../../support/seed-events.js';

/** Each with its product, told by hand: both sides could be wrong in the same way. */
const told: readonly (readonly [string, string | null])[] = [
  ['python-requests/2.31.0', 'python-requests'],
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0', 'Mozilla'],
  ['[aws-cli/1.16.4 Python/3.7]', 'aws-cli'],
  ['AWS Internal', 'AWS'],
  ['"curl/8.5"', 'curl'],
  [' \t\r\n\v\fGo-http-client/1.1', 'Go-http-client'],
  ['billing-worker', 'billing-worker'],
  ['a/b/c', 'a'],
  ['evil\x1b]52;c;x\x07/1', 'evil'],
  ["'''", "'"],
  ["'quoted'", "quoted'"],
  ['[[[', null],
  ['', null],
  [' ', null],
  ['/1.0', null],
  ['(compatible; x)', null],
  ['\u00a0curl/8', null],
  ['\u2028curl/8', null],
  ['\ufeffcurl/8', null],
  ['日本/1', null],
  ['curl日本/1', 'curl'],
  ['CURL/8', 'CURL'],
  ['ſafari/1', null],
  ['Kelvin\u212a', 'Kelvin'],
  ["!#$%&'*+-.^_`|~09azAZ/1", "!#$%&'*+-.^_`|~09azAZ"],
  ['***:literal', '***'],
  ['(?i)curl', null],
  ['x'.repeat(64), 'x'.repeat(64)],
  ['x'.repeat(65), 'x'.repeat(64)],
  [`${"'".repeat(70)}x`, 'x'],
  ["'".repeat(70), "'"],
  ['y'.repeat(100_000), 'y'.repeat(64)],
  [' '.repeat(10_000), null],
];

const storable = hostile
  .map(([, text]) => text)
  .filter((text) => !text.includes('\0') && Buffer.from(text).toString() === text);

/** F20: an agent is its first product token, in JavaScript and in SQL. */
it.each(told)('%j: %j', (text, product) => {
  expect(parseUserAgent(text)?.product ?? null).toBe(product);
});

for (const server of servers)
  it(`counts by the same product on PostgreSQL ${server.name}, one of hostile texts too`, async () => {
    const database: TestDatabase = await freshDatabase(server);
    try {
      const admin: Connection = await database.connect();
      const texts = [...told.map(([text]) => text), ...storable, ...storable.map((text) => `curl${text}/1`)];
      const ts = new Date(Date.now() - 60_000).toISOString();
      await seedEvents(
        admin,
        texts.map((text, at) => ({ ts, key_id: `key_${at}`, id: 'one', user_agent: text })),
      );
      const filter = { since: null, until: null, keyVersion: null };
      for (const [at, text] of texts.entries()) {
        const counted = await usageGroups(admin, { ...filter, keyIds: [`key_${at}`] }, 'agent', {
          ...{ limit: null, lean: true },
        });
        expect([text, counted.groups.map(({ value }) => value)]).toEqual([
          text,
          [parseUserAgent(text)?.product ?? null],
        ]);
      }
    } finally {
      await database.drop();
    }
  });
