import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { type KnowledgeFlags, readKnowledge } from '../../src/runtime/knowledge.js';
import { createRuntime } from '../../src/runtime/runtime.js';
import { type FakeOptions, fakeMachine } from '../support/fake-machine.js';
import { mmdb } from '../support/mmdb.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(inject('scratch'), 'knowledge-'));
});

const read = (flags: KnowledgeFlags, options: FakeOptions = {}) =>
  readKnowledge(createRuntime(fakeMachine({ workingDirectory: folder, home: folder, ...options })), flags);
const file = async (name: string, content: string | Buffer) => {
  await writeFile(join(folder, name), content);
  return name;
};
const nowhere = { asn: null, country: null, lat: null, lon: null };

describe('readKnowledge', () => {
  it('without files knows nothing', async () => {
    const knowledge = await read({});
    expect([knowledge.place('198.51.100.7'), knowledge.listed('198.51.100.7')]).toEqual([null, null]);
  });

  it('reads a prefix table, the longest prefix first', async () => {
    const networks = await file(
      'networks.csv',
      `# ours\nprefix,asn,country,lat,lon\n198.51.100.0/24,64500,DE,52.52,13.40\n198.51.100.128/25,AS64501,at,,\n` +
        `"2001:db8::/32","64502","FR","48.85","2.35"\n0.0.0.0/0,1,US,,\n`,
    );
    const { place } = await read({ networks });
    expect(place('198.51.100.7')).toEqual({ asn: 64_500, country: 'DE', lat: 52.52, lon: 13.4 });
    expect(place('198.51.100.200')).toEqual({ ...nowhere, asn: 64_501, country: 'AT' });
    expect(place('::ffff:198.51.100.7')).toEqual({ asn: 64_500, country: 'DE', lat: 52.52, lon: 13.4 });
    expect(place('2001:db8:1::1')).toMatchObject({ asn: 64_502 });
    expect(place('203.0.113.1')).toMatchObject({ asn: 1 });
    expect([place('2001:db9::1'), place('AWS Internal'), place('255.18.064.253')]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('without a heading takes the columns in their order, with one as it is named', async () => {
    const plain = await read({ networks: await file('plain.csv', '192.0.2.0/24,64500\r\n') });
    expect(plain.place('192.0.2.1')).toEqual({ ...nowhere, asn: 64_500 });
    const named = await read({
      networks: await file('named.csv', 'Country,Latitude,Longitude,Network\nCH,47.4,8.5,192.0.2.0/24\n'),
    });
    expect(named.place('192.0.2.1')).toEqual({ asn: null, country: 'CH', lat: 47.4, lon: 8.5 });
  });

  it('reads a list of addresses and names it', async () => {
    const ipList = await file(
      'tor.txt',
      '# exits\n198.51.100.7 # since May\n\n203.0.113.0/24\n2001:db8::/48\n',
    );
    const { listed } = await read({ ipList });
    expect(['198.51.100.7', '203.0.113.99', '2001:db8::1', '198.51.100.8', 'none'].map(listed)).toEqual([
      ...['tor.txt', 'tor.txt', 'tor.txt', null, null],
    ]);
  });

  it('reads MaxMind databases, each for what the ones before leave open', async () => {
    const city = await file(
      'city.mmdb',
      mmdb({
        '198.51.100.0/24': { country: { iso_code: 'DE' }, location: { latitude: 52.5, longitude: -13.25 } },
      }),
    );
    const asn = await file('asn.mmdb', mmdb({ '198.51.0.0/16': { autonomous_system_number: 64_500 } }));
    const { place } = await read({ maxmind: [city, asn] });
    expect(place('198.51.100.7')).toEqual({ asn: 64_500, country: 'DE', lat: 52.5, lon: -13.25 });
    expect(place('198.51.7.7')).toEqual({ ...nowhere, asn: 64_500 });
    expect([place('203.0.113.1'), place('not an address')]).toEqual([null, null]);
    expect(place('198.51.100.7')).toEqual({ asn: 64_500, country: 'DE', lat: 52.5, lon: -13.25 });
    const networks = await file('own.csv', '198.51.100.0/25,1,,,\n');
    expect((await read({ networks, maxmind: [city, asn] })).place('198.51.100.7')).toMatchObject({
      ...{ asn: 1, country: 'DE' },
    });
  });

  it('takes paths from flags, then the environment, then config.json', async () => {
    await file('one.txt', '192.0.2.1\n');
    await file('two.txt', '192.0.2.1\n');
    const env = { KEYCTL_IP_LIST: 'two.txt', KEYCTL_MAXMIND: 'a.mmdb, b.mmdb', KEYCTL_NETWORKS: 'n.csv' };
    await file('a.mmdb', mmdb({ '192.0.2.0/24': { autonomous_system_number: 7 } }));
    await file('b.mmdb', mmdb({ '192.0.2.0/24': { country: { iso_code: 'NZ' } } }));
    await file('n.csv', '192.0.2.0/24,,,1,2\n');
    const { place, listed } = await read({ ipList: 'one.txt' }, { env });
    expect([listed('192.0.2.1'), place('192.0.2.1')]).toEqual([
      'one.txt',
      { asn: 7, country: 'NZ', lat: 1, lon: 2 },
    ]);
    expect((await read({}, { env })).listed('192.0.2.1')).toBe('two.txt');
    const config = await mkdtemp(join(folder, 'config-'));
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(config, 'keyctl'));
    const settings = { ip_list: 'one.txt', networks: 'n.csv', maxmind: ['a.mmdb'] };
    await writeFile(join(config, 'keyctl', 'config.json'), JSON.stringify(settings), { mode: 0o600 });
    const configured = await read({}, { env: { XDG_CONFIG_HOME: config } });
    expect([configured.listed('192.0.2.1'), configured.place('192.0.2.1')]).toEqual([
      'one.txt',
      { asn: 7, country: null, lat: 1, lon: 2 },
    ]);
  });

  it.each([
    [
      'networks',
      'x.csv',
      '192.0.2.0/24,1\n\n192.0.2.300/24,1\n',
      /--networks: x\.csv line 3: "192\.0\.2\.300\/24" is no network/,
    ],
    ['networks', 'x.csv', '192.0.2.0/24,many\n', /line 1: "many" is no asn/],
    ['networks', 'x.csv', '192.0.2.0/24,1,Germany\n', /line 1: a country is two letters/],
    ['networks', 'x.csv', '192.0.2.0/24,1,DE,99\n', /line 1: "99" is no lat/],
    [
      'ipList',
      'x.txt',
      '# ok\n192.0.2.1\nevil.example\n',
      /--ip-list: x\.txt line 3: "evil\.example" is no address/,
    ],
    ['ipList', 'gone.txt', null, /--ip-list: .*gone\.txt cannot be read \(ENOENT\)/],
    ['maxmind', 'x.mmdb', 'not a database', /--maxmind: .*x\.mmdb is no MaxMind database/],
    ['maxmind', 'gone.mmdb', null, /--maxmind: .*gone\.mmdb cannot be read/],
  ] as const)(
    'refuses a bad %s file in one line that names the place',
    async (flag, name, content, message) => {
      if (content !== null) await file(name, content);
      const given = flag === 'maxmind' ? { maxmind: [name] } : { [flag]: name };
      const error = await read(given).catch((thrown) => thrown);
      expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
      expect(error.message).not.toContain('\n');
      expect(error.hint).not.toBeNull();
    },
  );
});
