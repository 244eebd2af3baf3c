import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { LogEvent } from '../../../src/domain/ingest/event.js';
import { lineIds } from '../../../src/domain/ingest/event-id.js';
import type { LogFormat } from '../../../src/domain/ingest/formats.js';
import { parseKeyField } from '../../../src/domain/ingest/key-field.js';
import { type ExposedToken, logReader } from '../../../src/domain/ingest/log-reader.js';
import { fingerprint, mintToken } from '../../../src/domain/token.js';

const now = new Date('2026-11-21T09:30:00Z');
const { token, id, locator } = mintToken('fie_alice', (size) => new Uint8Array(size).fill(5));
const secret = token.reveal();
const cut = `fie_alice_${locator}****`;
const print = fingerprint(token);

interface Read {
  readonly events: LogEvent[];
  readonly ids: string[];
  readonly rejected: [cause: string, line: string][];
  readonly exposed: ExposedToken[];
}

function read(log: string | Buffer, format: LogFormat = 'ndjson', keyField = 'user'): Read {
  const found: Read = { events: [], ids: [], rejected: [], exposed: [] };
  const reader = logReader(
    { format, keyField: parseKeyField(keyField), now },
    {
      event: (event, eventId) => {
        found.events.push(event);
        found.ids.push(eventId);
      },
      rejected: (cause, line) => found.rejected.push([cause, line.toString('latin1')]),
      exposed: (exposed) => found.exposed.push(exposed),
    },
  );
  reader.push(Buffer.from(log as string));
  reader.end();
  return found;
}

const json = (fields: object) => JSON.stringify({ ts: '2026-08-20T03:12:09Z', key: 'ci', ...fields });
const one = (fields: object) => read(json(fields));

describe('an event', () => {
  it('keeps every field, and its address as text beside the address', () => {
    const { events, ids } = one({
      ...{ endpoint: '/v1/runs?token=x', method: 'GET', object: 'run/7', feature: 'export', status: '200' },
      ...{ ip: '::ffff:203.0.113.7', user_agent: 'curl/8.5.0', bytes: 512, latency_ms: 12.6, tokens: 40 },
      ...{ cost_usd: 0.000_123_4, model: 'm-1', request_id: 'r-1', key_version: 3, unknown: { deep: [] } },
    });
    expect(events).toEqual([
      {
        time: { text: '2026-08-20T03:12:09Z', at: Date.UTC(2026, 7, 20, 3, 12, 9) },
        ...{ presented: 'ci', keyVersion: 3, method: 'GET', endpoint: '/v1/runs', object: 'run/7' },
        ...{ feature: 'export', status: 200, ip: '203.0.113.7', ipText: '::ffff:203.0.113.7' },
        ...{ userAgent: 'curl/8.5.0', bytes: 512, latencyMs: 13, tokens: 40, costUsd: '0.000123' },
        ...{ model: 'm-1', requestId: 'r-1' },
      },
    ]);
    expect(ids).toEqual(['r-1']);
  });

  it.each(['AWS Internal', 'ec2.amazonaws.com', '255.18.064.253', 'x\x1b]52;c;aGk=\x07'])(
    'keeps %j where an address belongs',
    (ip) => {
      expect(one({ ip }).events).toMatchObject([{ ip: null, ipText: ip }]);
    },
  );

  it.each([
    ['a whole token', secret, id],
    ['a whole token behind Bearer', `Bearer ${secret}`, id],
    ['a redacted token', `fie_alice_${locator}****`, id],
    ['a digest', `sha256:${'AB'.repeat(32)}`, `sha256:${'ab'.repeat(8)}`],
    ['a name that only looks like one', 'sha256:nothing', 'sha256:nothing'],
    ['a name of stars', 'alice****', 'alice****'],
    [
      'a token with a slip of the finger',
      `${secret.slice(0, -1)}_`.replace(/.$/, secret.endsWith('0') ? '1' : '0'),
      cut,
    ],
    ['a number', 42, '42'],
    ['blanks around it', '  ci deploy ', 'ci deploy'],
  ])('whose key field holds %s is of the key that this names', (_what, key, presented) => {
    expect(one({ key }).events.map((event) => event.presented)).toEqual([presented]);
  });

  it.each([
    ['bad_json', 'nonsense'],
    ['bad_json', '[1]'],
    ['no_key', json({ key: undefined })],
    ['no_key', json({ key: '' })],
    ['no_key', json({ key: ' ' })],
    ['no_time', json({ ts: null })],
    ['bad_time', json({ ts: '20/08/2026' })],
    ['time_out_of_range', json({ ts: '1999-12-31T23:59:59Z' })],
    ['too_long', json({ endpoint: `/${'\u00e4'.repeat(1000)}` })],
    ['too_long', json({ key: 'k'.repeat(1001) })],
    ['too_long', json({ user_agent: 'u'.repeat(20_000) })],
    ['too_long', json({ ip: '1'.repeat(501) })],
    ['too_long', json({ request_id: 'r'.repeat(501) })],
    ['too_long', 'x'.repeat(1024 * 1024 + 1)],
    ['bad_text', json({ user_agent: 'a\0b' })],
    ['bad_text', json({ key: 'a\0b' })],
    ['bad_text', json({ endpoint: '/\ud800' })],
    ['bad_text', json({ endpoint: ['/'] })],
    ['bad_number', json({ status: 1000 })],
    ['bad_number', json({ status: 'OK' })],
    ['bad_number', json({ bytes: -1 })],
    ['bad_number', json({ bytes: 1.5 })],
    ['bad_number', json({ bytes: 1e30 })],
    ['bad_number', json({ latency_ms: 2 ** 31 })],
    ['bad_number', json({ cost_usd: 1e8 })],
    ['bad_number', json({ cost_usd: '1e3' })],
    ['bad_number', json({ key_version: 'v2' })],
  ])('is none for %s: %.60s', (cause, line) => {
    const found = read(`${json({ request_id: 'before' })}\n${line}\n${json({ request_id: 'after' })}`);
    expect(found.rejected.map(([why]) => why)).toEqual([cause]);
    expect(found.ids).toEqual(['before', 'after']);
  });

  it('with valid characters of any plane is stored as it is', () => {
    const agent = '\u{1f511} \u202e \x1b[2J \r\n\t \\ \u200d =1+1';
    expect(one({ user_agent: agent }).events).toMatchObject([{ userAgent: agent }]);
  });
});

describe('a token of ours in a log', () => {
  const exposure = { keyId: id, fingerprint: print };

  it('is cut out of every field, and told', () => {
    const found = one({
      endpoint: `/x/${secret}/y`,
      user_agent: `curl ${secret}`,
      object: secret,
      request_id: secret,
    });
    expect(found.events).toMatchObject([
      { endpoint: `/x/${cut}/y`, userAgent: `curl ${cut}`, object: cut, requestId: cut },
    ]);
    expect(found.exposed).toEqual([exposure, exposure, exposure, exposure]);
    expect(JSON.stringify(found)).not.toContain(secret);
  });

  it.each([
    ['in the key field', json({ key: secret })],
    ['in a field that is not stored', json({ authorization: `Bearer ${secret}` })],
    ['in a query, which is not stored', json({ endpoint: `/x?key=${secret}` })],
    ['spelled with escapes of JSON', json({ user_agent: secret }).replaceAll('_', '\\u005f')],
  ])('is told when it stands %s, and goes no further', (_where, line) => {
    const found = read(line);
    expect(found.exposed).toEqual([exposure]);
    expect(found.events.length).toBe(1);
    expect(JSON.stringify(found)).not.toContain(secret);
  });

  it('names its key in the query of an access log, also when it is percent-encoded', () => {
    const line = `203.0.113.7 - - [20/Aug/2026:03:12:09 +0000] "GET /x?k=${secret.replaceAll('_', '%5F')} HTTP/1.1" 200 5 "-" "-"`;
    const found = read(line, 'combined', 'query:k');
    expect(found.events).toMatchObject([{ presented: id, endpoint: '/x' }]);
    expect(found.exposed).toEqual([exposure]);
  });

  it.each([
    ['no JSON', `nonsense ${secret} more`],
    ['no event', json({ key: null, note: secret })],
    ['no UTF-8', Buffer.concat([Buffer.from([0xff]), Buffer.from(` ${secret} `)])],
    ['spelled with escapes', `{"a": "${secret.replaceAll('_', '\\u005f')}`],
    ['a very long line', `${secret} ${'x'.repeat(2 * 1024 * 1024)}`],
  ])('is cut out of rejected lines: %s', (_what, line) => {
    const found = read(line);
    expect(found.rejected.length).toBe(1);
    expect(found.rejected[0]?.[1]).toContain(cut);
    expect(JSON.stringify(found.rejected)).not.toContain(secret.slice(30, 50));
    expect(found.exposed).toEqual([exposure]);
  });

  it('that the end of a shortened line cuts in two leaves nothing of itself', () => {
    const line = `${'x '.repeat(32 * 1024 - 20)}${secret}${' x'.repeat(1024 * 1024)}`;
    const [[cause, kept] = []] = read(line).rejected;
    expect(cause).toBe('too_long');
    expect(kept).not.toContain(secret.slice(0, 24));
  });

  it('of which the checksum is wrong is not ours', () => {
    const other = `${secret.slice(0, -6)}000000`;
    const found = one({ user_agent: other });
    expect(found.exposed).toEqual([]);
    expect(found.events).toMatchObject([{ userAgent: other }]);
  });
});

describe('the id of an event without a request id', () => {
  const sha = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);

  it('is the hash of its line, with its number among equal lines', () => {
    const lines = [json({}), json({ status: 1 }), json({}), json({})];
    const [first, second] = [sha(lines[0] as string), sha(lines[1] as string)];
    expect(read(lines.join('\r\n')).ids).toEqual([first, second, `${first}.2`, `${first}.3`]);
  });

  it('is the same when the log comes again, and when it has grown behind', () => {
    const log = Array.from({ length: 500 }, (_, n) => json({ status: n % 7 })).join('\n');
    const before = read(log).ids;
    expect(new Set(before).size).toBe(500);
    expect(read(`${log}\n${log}`).ids.slice(0, 500)).toEqual(before);
    expect(read(log).ids).toEqual(before);
  });

  it('stays one of its own, and the same again, far beyond what is counted line by line', () => {
    const ids = () => {
      const idOf = lineIds();
      return Array.from({ length: 360_000 }, (_, n) => idOf(`line ${n % 120_000}`));
    };
    const first = ids();
    expect(new Set(first).size).toBe(360_000);
    expect(ids()).toEqual(first);
    // The first of each kind has no number: what stands alone in a log has the same id in every log.
    expect(first.slice(0, 120_000).filter((each) => each.includes('.'))).toEqual([]);
  });
});
