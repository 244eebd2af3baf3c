import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import vectors from '../../docs/token-vectors.json' with { type: 'json' };
import type { Connection } from '../../src/db/connect.js';
import { importedKey } from '../support/imported-key.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { decisionsByStatus, presentedTokens } from '../support/presented.js';
import { type SeededKey, seedKey } from '../support/seed-keys.js';

const docs = join(import.meta.dirname, '../../docs');
const foreign = 'sk-live-Zx81pQr0Lk2v';

describe('docs/verify.py, against the same database', () => {
  let database: TestDatabase;
  let admin: Connection;
  let python: Python | null;
  let alice: SeededKey;
  let imported: string;

  beforeAll(async () => {
    database = await freshDatabase();
    admin = await database.connect();
    alice = await seedKey(admin, { prefix: 'fie_alice', scopes: ['workflow:*'] });
    imported = await importedKey(admin, 'key_imported0001', foreign);
    await admin.sql`update keyctl.api_keys set allowed_ips = '{192.0.2.0/24}' where id = ${alice.id}`;
    python = await startPython(await database.connect('test_gateway'));
  });
  afterAll(async () => {
    python?.close();
    await database.drop();
  });

  const needed = (skip: (note: string) => void): Python => {
    if (python === null) skip('no python3 on this machine to run docs/verify.py with');
    return python as Python;
  };

  it('judges every token and every status as keyctl does', async ({ skip }) => {
    const { verify } = needed(skip);
    for (const [what, token, decision] of presentedTokens(alice.token, foreign)) {
      const keyId = decision !== 'ok' ? null : token === foreign ? imported : alice.id;
      expect(await verify(token), what).toEqual([decision, keyId]);
    }
    for (const [status, decision] of decisionsByStatus) {
      const key = await seedKey(admin, { status });
      expect(await verify(key.token), status).toEqual([decision, key.id]);
    }
    expect(await verify(alice.token, { ip: '198.51.100.1' })).toEqual(['ip', alice.id]);
    expect(await verify(alice.token, { ip: '::ffff:192.0.2.7' })).toEqual(['ok', alice.id]);
    expect(await verify(alice.token, { scope: 'billing:read' })).toEqual(['scope', alice.id]);
  });

  it('knows the published tokens, and takes none of the others for one', async ({ skip }) => {
    const { verify } = needed(skip);
    for (const { token } of vectors.tokens) expect(await verify(token)).toEqual(['unknown', null]);
    for (const { text, kind } of vectors.not_tokens) expect(await verify(text)).toEqual([kind, null]);
  });

  it('is the 25 lines that the documentation promises', async () => {
    const source = await readFile(join(docs, 'verify.py'), 'utf8');
    const code = source
      .slice(source.indexOf('def verify'))
      .split('\n')
      .filter((line) => line.trim() !== '');
    expect(code.length).toBeLessThanOrEqual(25);
  });
});

interface Python {
  verify(token: string, request?: Record<string, string>): Promise<[string, string | null]>;
  close(): void;
}

/** docs/verify.py with a DB-API connection that is this process: a statement goes out as a line of JSON, its row comes back. */
const runner = `
import json, sys
sys.path.insert(0, sys.argv[1])
from verify import verify

def tell(value):
    print(json.dumps(value), flush=True)
    return json.loads(sys.stdin.readline())

class Connection:
    def cursor(self):
        return self
    def execute(self, sql, parameters):
        row = tell({"sql": sql, "parameters": parameters})
        self.row = row and tuple(bytes.fromhex(cell["hex"]) if isinstance(cell, dict) else cell for cell in row)
    def fetchone(self):
        return self.row

asked = tell({"ready": True})
while asked:
    asked = tell({"answer": verify(Connection(), asked["token"], **asked["request"])})
`;

async function startPython(connection: Connection): Promise<Python | null> {
  const child: ChildProcess = spawn('python3', ['-c', runner, docs], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const started = await new Promise<boolean>((resolve) => {
    child.once('spawn', () => resolve(true));
    child.once('error', () => resolve(false));
  });
  if (!started || child.stdout === null) return null;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value);
  const send = (value: unknown) => child.stdin?.write(`${JSON.stringify(value)}\n`);
  expect(await next()).toEqual({ ready: true });
  return {
    async verify(token, request = {}) {
      send({ token, request });
      for (;;) {
        const said = await next();
        if ('answer' in said) return said.answer;
        send(await rowFor(connection, said.sql, said.parameters));
      }
    },
    close() {
      send(null);
      child.stdin?.end();
    },
  };
}

/** One row as DB-API drivers give it: a tuple, bytea as bytes. */
async function rowFor({ sql }: Connection, statement: string, parameters: (string | null)[]) {
  let count = 0;
  const numbered = statement.replaceAll('%s', () => `$${++count}::text`);
  const [row] = await sql.unsafe(numbered, parameters).values();
  return row === undefined
    ? null
    : row.map((cell: unknown) => (Buffer.isBuffer(cell) ? { hex: cell.toString('hex') } : cell));
}
