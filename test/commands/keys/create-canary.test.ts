import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { armor, Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { mintToken } from '../../../src/domain/token.js';
import { hook } from '../../actions/delivery/hook-world.js';
import { builtProgram } from '../../support/built-program.js';
import { canaries, databaseRows, encodings, filesBelow, type Haystack } from '../../support/canary.js';
import { runChild } from '../../support/child.js';
import { runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';

/** A known secret is looked for wherever it should not be, in every encoding; see test/support/canary.ts. */
let database: TestDatabase;
let admin: Connection;
let home: string;
let identity: string;
let recipient: string;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  identity = await generateX25519Identity();
  recipient = await identityToRecipient(identity);
});
afterAll(() => database.drop());
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyctl-canary-'));
  await mkdir(at('tmp'));
  await writeFile(at('env'), 'OTHER=1\nKEY=old\n', { mode: 0o600 });
  // It looks at every process there is, itself and keyctl among them, while it holds the secret.
  const look =
    'for each in /proc/[0-9]*; do cat $each/cmdline $each/environ; done > $0.processes 2>/dev/null || true';
  await hook(at('hook'), 'secret=$(cat); printf %s "$secret" > $0.secret', look);
  await hook(
    at('failing'),
    'secret=$(cat); printf %s "$secret" > $0.secret',
    look,
    'printf %s "$secret" | tee /dev/stderr | base64; exit 1',
  );
});
afterEach(() => rm(home, { recursive: true }));

const at = (name: string) => join(home, name);
const read = (name: string) => readFile(at(name), 'utf8');

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const ways: readonly (readonly [string, (argv: readonly string[]) => Promise<Ran>])[] = [
  [
    'in this process',
    (argv) => runCommand(argv, { database, role: 'test_operator', workingDirectory: home }),
  ],
  [
    'as users run it',
    async (argv) => {
      const { host, port } = database.settings();
      const url = `postgres://test_operator@${encodeURIComponent(host)}:${port}/${database.name}`;
      const env = [`PATH=${process.env.PATH}`, `HOME=${home}`, `TMPDIR=${at('tmp')}`, `DATABASE_URL=${url}`];
      const ran = await runChild('/usr/bin/env', ['-i', '-C', home, ...env, await builtProgram(), ...argv]);
      return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
    },
  ],
];

const create = (...sinks: readonly string[]) => [
  ...['keys', 'create', '--name', 'canary', '--owner', 'alice@example.com', '--debug', '--note', at('note')],
  ...sinks.flatMap((sink) => ['--deliver', sink]),
];

async function decrypted(): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return await decrypter.decrypt(armor.decode(await read('key.age')), 'text');
}

/** What each sink is, where its secret is meant to be, and how it is read there. */
const sinks = {
  file: { sink: () => `file:${at('key')}`, targets: ['key'], token: () => read('key') },
  env: {
    sink: () => `env:${at('env')}#KEY`,
    targets: ['env'],
    token: async () => /^KEY=(.*)$/m.exec(await read('env'))?.[1] ?? '',
  },
  age: { sink: () => `age:${recipient}>${at('key.age')}`, targets: [], token: decrypted },
  exec: { sink: () => `exec:${at('hook')}`, targets: ['hook.secret'], token: () => read('hook.secret') },
  stdout: { sink: () => 'stdout', targets: [], token: async ({ stdout }: Ran) => stdout.trim() },
};

async function haystacks(ran: Ran, targets: readonly string[]): Promise<Haystack[]> {
  return [
    { where: 'stdout', bytes: ran.stdout },
    { where: 'stderr', bytes: ran.stderr },
    ...(await filesBelow(home, targets.map(at))),
    ...(await databaseRows(admin)),
  ];
}

describe.each(ways)('a secret of keys create, %s', (_way, run) => {
  it.each(Object.keys(sinks))('stands in its sink (%s) and nowhere else', async (kind) => {
    const { sink, targets, token } = sinks[kind as keyof typeof sinks];
    const ran = await run(create(sink()));
    expect(ran).toMatchObject({ code: 0 });
    const secret = await token(ran);
    expect(secret).toMatch(/^kc_[0-9A-Za-z]{64}$/);
    const elsewhere = kind === 'stdout' ? { ...ran, stdout: '' } : ran;
    expect(canaries([secret], await haystacks(elsewhere, targets))).toEqual([]);
    expect(await read('note')).toContain('canary');
  });

  it('stands in all sinks at once and nowhere else', async () => {
    const ran = await run(create(...Object.values(sinks).map(({ sink }) => sink())));
    expect(ran.code).toBe(0);
    const secret = ran.stdout.trim();
    for (const { token } of Object.values(sinks)) expect(await token(ran)).toBe(secret);
    const targets = Object.values(sinks).flatMap((each) => each.targets);
    expect(canaries([secret], await haystacks({ ...ran, stdout: '' }, targets))).toEqual([]);
    expect(await read('hook.processes')).toContain(at('hook'));
  });

  it.each([[[]], [['--json']]])(
    'is in no error of a sink that failed, though that printed it %j',
    async (output) => {
      const before = [sinks.file.sink(), sinks.env.sink(), sinks.age.sink()];
      const ran = await run([...create(...before, `exec:${at('failing')}`), ...output]);
      expect(ran).toMatchObject({ code: 8, stdout: '' });
      const secret = await read('failing.secret');
      expect(secret).toMatch(/^kc_[0-9A-Za-z]{64}$/);
      expect(canaries([secret], await haystacks(ran, ['failing.secret']))).toEqual([]);
    },
  );
});

describe('the search itself', () => {
  const { token } = mintToken('kc', (size) => crypto.getRandomValues(new Uint8Array(size)));
  const secret = token.reveal();

  it.each(encodings(secret))('finds a secret as %s in a file, an output and a row', async (_name, text) => {
    await writeFile(at('leak'), Buffer.from(`>${text}<`, 'latin1'));
    const found = canaries([secret], await filesBelow(home));
    expect(found.join()).toContain(at('leak'));
    expect(canaries([secret], await filesBelow(home, [at('leak')]))).toEqual([]);
    expect(canaries([secret], [{ where: 'stderr', bytes: Buffer.from(text, 'latin1') }])).not.toEqual([]);
  });

  it.each([
    ['text', `'${secret}'::text`],
    ['bytes', `convert_to('${secret}', 'UTF8')`],
    ['json', `jsonb_build_object('a', jsonb_build_array('${secret}'))`],
    ['a list', `array['${secret}']`],
  ])('finds one in a column of the database, as %s', async (_type, value) => {
    await admin.sql.unsafe(`create table keyctl.leaks as select ${value} as leak`);
    try {
      expect(canaries([secret], await databaseRows(admin)).join()).toContain('table keyctl.leaks');
    } finally {
      await admin.sql`drop table keyctl.leaks`;
    }
  });
});
