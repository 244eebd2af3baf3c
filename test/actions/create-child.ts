import { randomBytes } from 'node:crypto';
import { createKey } from '../../src/actions/create-key.js';
import { fileSink } from '../../src/actions/delivery/file-sink.js';
import { connect } from '../../src/db/connect.js';
import { openDatabase } from '../../src/db/database.js';
import type { ConnectionSettings } from '../../src/db/settings.js';

// A `keys create` to be killed: says "staged" when its file is in place, and then never gets any further.
const [settings = '', operationId = '', path = ''] = process.argv.slice(2);
const stuck = () =>
  new Promise<void>(() => {
    process.stdout.write('staged');
    setInterval(() => {}, 60_000);
  });
const db = await openDatabase(() =>
  connect(JSON.parse(settings) as ConnectionSettings, { timeoutMs: 20_000 }),
);
const ctx = {
  db,
  actor: { actor_os: null, actor_claimed: null, host: null },
  operationId,
  now: () => new Date(),
  randomBytes: (size: number) => randomBytes(size),
  reached: async () => {},
};
const nowhere = { commit: async () => {}, discard: async () => {}, recall: async () => null };
await createKey(ctx, {
  prefix: 'kc',
  owner: { email: 'alice@example.com' },
  settings: { name: 'to-be-killed' },
  sinks: [fileSink(path), { name: 'stuck', stage: stuck, ...nowhere }],
});
