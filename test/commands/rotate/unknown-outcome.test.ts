import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { runCommand } from '../../support/fake-machine.js';
import { freshDatabase, newest, type TestDatabase } from '../../support/postgres.js';
import { auditOf, seedKey } from '../../support/seed-keys.js';
import { seedRotation } from '../../support/seed-rotation.js';
import { startProxy } from '../../support/tcp-proxy.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const why = ['--reason', 'cut off on purpose, OPS-311'];

/** What is changed, the line that does it, and the action of its row. */
const changes: readonly (readonly [
  name: string,
  prepare: () => Promise<readonly [string[], string]>,
  action: string,
])[] = [
  [
    'finalize',
    async () => {
      const { id, old } = await seedRotation(admin);
      return [[id], old.id];
    },
    'rotation.finalized',
  ],
  [
    'extend',
    async () => {
      const { id, old } = await seedRotation(admin);
      return [[id, '--grace', '48h', ...why], old.id];
    },
    'rotation.extended',
  ],
  [
    'abort',
    async () => {
      const { id, old } = await seedRotation(admin, { state: 'pending' });
      return [[id, ...why], old.id];
    },
    'rotation.aborted',
  ],
  [
    'replace',
    async () => {
      const [old, next] = [await seedKey(admin), await seedKey(admin)];
      return [[old.name, next.name, ...why], old.id];
    },
    'rotation.activated',
  ],
];

/** Every answer to the change is lost, and so is every later connection. */
async function throughCut(name: string) {
  let sent = false;
  return await startProxy({
    target: { path: `${newest.socketDirectory}/.s.PGSQL.${newest.port}` },
    fate: ({ from, type, bytes }) => {
      if (from === 'client' && bytes.includes(`keyctl.rotate_${name}(`)) sent = true;
      return sent && (from === 'server' ? type === 'D' : type === '') ? 'cut' : 'forward';
    },
  });
}

describe('a change of a rotation whose answer was lost', () => {
  it.each(changes)(
    'rotate %s: 75 with its operation id, by which it is asked again and done once',
    async (name, prepare, action) => {
      const [args, oldKeyId] = await prepare();
      const proxy = await throughCut(name);
      const line = ['rotate', name, ...args, '-y', '--json'];
      const env = { DATABASE_URL: `postgres://test_operator@127.0.0.1:${proxy.port}/${database.name}` };
      const cut = await runCommand([...line, '--timeout', '5s'], { env });
      await proxy.close();
      expect(cut).toMatchObject({ code: 75, stdout: '' });
      const { error } = JSON.parse(cut.stderr.trim().split('\n').at(-1) ?? '');
      expect(error).toMatchObject({ outcome: 'unknown', exit_code: 75 });

      const again = await runCommand([...line, '--operation-id', error.operation_id], {
        database,
        role: 'test_operator',
      });
      expect(again.code).toBe(0);
      expect(JSON.parse(again.stdout)).toMatchObject({
        operation_id: error.operation_id,
        old_key_id: oldKeyId,
      });
      const rows = (await auditOf(admin, oldKeyId)).filter((row) => row.action === action);
      expect(rows).toMatchObject([{ operation_id: error.operation_id }]);
    },
  );
});
