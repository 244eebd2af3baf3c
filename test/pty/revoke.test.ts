import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { type Pty, type PtyOptions, startPty } from '../support/pty.js';
import { auditOf, type KeySeed, type SeededKey, seedKey, seedUsage } from '../support/seed-keys.js';

/** `keyctl revoke` in a real terminal, as a person at 3 a.m. meets it. */
let database: TestDatabase;
let admin: Connection;
let env: Record<string, string>;
const reason = 'leaked in acme/app commit 7a3f21';
const open: Pty[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  const { host, port } = database.settings();
  env = { DATABASE_URL: `postgres://test_operator@${encodeURIComponent(host)}:${port}/${database.name}` };
});
afterEach(() => {
  for (const pty of open.splice(0)) pty.close();
});
afterAll(() => database.drop());

async function onTerminal(argv: readonly string[], options: PtyOptions = {}): Promise<Pty> {
  const pty = await startPty(argv, { ...options, env: { ...env, ...options.env } });
  open.push(pty);
  return pty;
}

/** The search shows what is looked for, and nothing but this key. */
const onlyChoice = ({ redacted, id }: SeededKey) =>
  new RegExp(`${redacted.replaceAll('*', '\\*')}\n› ${id}[^\n]*\n\narrows move`);
const wordOf = (key: SeededKey) => key.id.slice(4, 8);
const seed = (more: KeySeed = {}) => seedKey(admin, more);

async function isUntouched(key: SeededKey): Promise<void> {
  expect(await auditOf(admin, key.id)).toEqual([]);
}

async function isRevoked(key: SeededKey): Promise<void> {
  expect(await auditOf(admin, key.id)).toMatchObject([{ action: 'key.revoked', reason }]);
}

/** The shell gets its terminal back as it was: it echoes, takes lines, shows the cursor and marks no pastes. */
async function leavesTerminalAsItWas(pty: Pty): Promise<number> {
  const { code, settings } = await pty.ended();
  for (const setting of ['isig', 'icanon', 'echo', 'icrnl', 'opost']) {
    expect(settings.split(/\s+/)).toContain(setting);
  }
  expect(pty.cursor().shown).toBe(true);
  expect(pty.written().lastIndexOf('\x1b[?2004l')).toBeGreaterThanOrEqual(
    pty.written().lastIndexOf('\x1b[?2004h'),
  );
  return code;
}

describe.each([
  [80, 24],
  [40, 15],
])('at %i x %i', (columns, rows) => {
  const size = { columns, rows };

  it('shows what would break, asks for the key’s own letters and a reason, and revokes', async () => {
    const key = await seed({ name: 'alice-prod', owner: 'alice@example.com', scopes: ['workflow:read'] });
    await seedUsage(admin, { keyId: key.id, times: 120, secondsAgo: 4 });
    const pty = await onTerminal(['revoke', key.id], size);
    await pty.sees(`Type ${wordOf(key)}`);
    const seen = pty.screen().join('\n');
    for (const part of [
      key.id,
      columns < 60 ? 'alice-p…' : 'alice-prod',
      'alice@example.com',
      '/v1/runs',
      'billing-worker/2.3',
      'family',
    ]) {
      expect(seen).toContain(part);
    }
    expect(Math.max(...pty.screen().map((line) => line.length))).toBeLessThanOrEqual(columns);
    pty.type(`${wordOf(key)}\r`);
    await pty.sees('Reason (kept in the audit log):');
    pty.type(`${reason}\r`);
    await pty.sees('next  keyctl audit endpoints');
    expect(pty.screen().join('\n')).toMatch(/✓ revoked \d{4}-\d\d-\d\dT/);
    expect(await leavesTerminalAsItWas(pty)).toBe(0);
    await isRevoked(key);
  });

  it('does nothing after another answer (5), which is not shown as a right one', async () => {
    const key = await seed();
    const pty = await onTerminal(['revoke', key.id, '--reason', reason], size);
    await pty.sees(`Type ${wordOf(key)}`);
    pty.type('yes\r');
    await pty.sees('not confirmed; nothing was done');
    expect(pty.screen().join('\n')).not.toMatch(/[✔✓] This cannot/);
    expect(await leavesTerminalAsItWas(pty)).toBe(5);
    await isUntouched(key);
  });

  it('finds a key by what is typed', async () => {
    const key = await seed({ name: `carol-ci-${columns}`, owner: `carol${columns}@example.com` });
    const pty = await onTerminal(['revoke', '--reason', reason], size);
    await pty.sees('arrows move, enter takes');
    expect(pty.screen().length).toBeLessThan(rows);
    pty.type(`carol${columns}@ex`);
    await pty.sees(new RegExp(`› ${key.id}`));
    pty.type('\r');
    await pty.sees(`Type ${wordOf(key)}`);
    pty.type(`${wordOf(key)}\r`);
    expect(await leavesTerminalAsItWas(pty)).toBe(0);
    await isRevoked(key);
  });
});

describe('the search', () => {
  it('finds the key of a pasted leak of many lines, and shows nothing of its secret', async () => {
    const [other, key] = [await seed({ name: 'not-this-one' }), await seed({ name: 'the-leaked-one' })];
    const pty = await onTerminal(['revoke', '--reason', reason]);
    await pty.sees(other.id);
    pty.paste(`AWS_REGION=eu-west-1\nAPI_KEY=${key.token}\nDEBUG=1\n`);
    await pty.sees(onlyChoice(key));
    expect(pty.screen().join('\n')).not.toContain(other.id);
    expect(pty.written()).not.toContain(key.token.slice(-30));
    // The line ends of the paste were no Enter: the question still stands.
    expect(pty.screen().at(-1)).toContain('enter takes');
    pty.type('\r');
    await pty.sees(`Type ${wordOf(key)}`);
    pty.type(`${wordOf(key)}\r`);
    expect((await pty.ended()).code).toBe(0);
    await isRevoked(key);
    await isUntouched(other);
  });

  it('takes what stands there now, not before, when text and Enter come at once', async () => {
    const key = await seed({ name: 'zz-last-in-every-list' });
    await seed();
    const pty = await onTerminal(['revoke', '--reason', reason]);
    await pty.sees('arrows move');
    pty.type('zz-last\r');
    await pty.sees(`Type ${wordOf(key)}`);
    pty.type('\x03');
    expect(await leavesTerminalAsItWas(pty)).toBe(130);
  });

  it('treats lines that come at once as a paste, also in a terminal that does not mark pastes', async () => {
    const key = await seed({ name: 'pasted-without-marks' });
    await seed({ name: 'first-in-the-list' });
    const pty = await onTerminal(['revoke', '--reason', reason]);
    await pty.sees('arrows move');
    pty.type(`export A=1\rexport KEY=${key.token}\rexport B=2\r`);
    await pty.sees(onlyChoice(key));
    expect(pty.screen().at(-1)).toContain('enter takes');
    expect(pty.written()).not.toContain(key.token.slice(-30));
    pty.type('\x03');
    expect(await leavesTerminalAsItWas(pty)).toBe(130);
    await isUntouched(key);
  });

  it('says that nothing fits, and goes on', async () => {
    const pty = await onTerminal(['revoke', '--reason', reason]);
    await pty.sees('arrows move');
    pty.type('nobody-has-this-name');
    await pty.sees('No results found');
    pty.type('\r\x03');
    expect(await leavesTerminalAsItWas(pty)).toBe(130);
  });
});

describe('the question', () => {
  it('for several keys asks for their number', async () => {
    const keys = [await seed({ owner: 'dan@example.com' }), await seed({ owner: 'dan@example.com' })];
    const bystander = await seed({ owner: 'eve@example.com' });
    const pty = await onTerminal(['revoke', '--owner', 'dan@example.com', '--reason', reason]);
    await pty.sees('Type 2 to revoke these 2 keys:');
    pty.type('2\r');
    await pty.sees('2 revoked');
    expect(await leavesTerminalAsItWas(pty)).toBe(0);
    for (const key of keys) await isRevoked(key);
    await isUntouched(bystander);
  });

  it('goes to the terminal while stdin is data', async () => {
    const key = await seed();
    const pty = await onTerminal(['revoke', '--stdin', '--reason', reason], {
      line: `echo ${key.id} | "$@"`,
    });
    await pty.sees(`Type ${wordOf(key)}`);
    pty.type(`${wordOf(key)}\r`);
    await pty.sees('✓ revoked');
    expect(await leavesTerminalAsItWas(pty)).toBe(0);
    await isRevoked(key);
  });

  it('is not answered by what was typed before it stood there', async () => {
    const key = await seed();
    const pty = await onTerminal(['revoke', key.id, '--reason', reason], {
      line: `echo "$(head -c 1 | wc -c)" >/dev/null; "$@"`,
    });
    // One key for the shell, the rest for whoever reads next.
    pty.type(`x${wordOf(key)}\r${wordOf(key)}\r`);
    await pty.sees(`Type ${wordOf(key)}`);
    pty.type('no\r');
    expect(await leavesTerminalAsItWas(pty)).toBe(5);
    await isUntouched(key);
  });

  it('explains a reason that says nothing, and asks again', async () => {
    const key = await seed();
    const pty = await onTerminal(['revoke', key.id]);
    await pty.sees(`Type ${wordOf(key)}`);
    pty.type(`${wordOf(key)}\r`);
    await pty.sees('Reason (kept in the audit log):');
    pty.type('old key\r');
    await pty.sees('too short: at least 8 characters. For example: "leaked in');
    pty.type('\x15revoked: old key!\r');
    await pty.sees('says nothing: write what happened');
    pty.type(`\x15${reason}\r`);
    expect(await leavesTerminalAsItWas(pty)).toBe(0);
    await isRevoked(key);
  });

  it('is not asked about keys that are dead already', async () => {
    const key = await seed({ status: 'revoked' });
    const pty = await onTerminal(['revoke', key.id]);
    await pty.sees('already revoked');
    expect(await leavesTerminalAsItWas(pty)).toBe(0);
    expect(await auditOf(admin, key.id)).toHaveLength(1);
  });

  it('names what is not found beside what is', async () => {
    const key = await seed();
    const pty = await onTerminal(['revoke', key.id, 'nobody-knows-it', '--reason', reason]);
    await pty.sees(`Type ${wordOf(key)}`);
    expect(pty.screen().join('\n')).toContain('key nobody-knows-it not found in');
    pty.type(`${wordOf(key)}\r`);
    expect(await leavesTerminalAsItWas(pty)).toBe(6);
    await isRevoked(key);
  });
});

describe('Ctrl-C, a signal, a closed window', () => {
  const prompts: [question: string, keys: (key: SeededKey) => string[]][] = [
    ['Which key?', () => []],
    ['Type ', (key) => [key.id]],
    ['Reason (kept', (key) => [key.id]],
  ];
  it.each(prompts)('at “%s” ends it (130) with nothing done', async (question, argv) => {
    const key = await seed();
    const pty = await onTerminal(['revoke', ...argv(key)]);
    if (question.startsWith('Reason')) {
      await pty.sees(`Type ${wordOf(key)}`);
      pty.type(`${wordOf(key)}\r`);
    }
    await pty.sees(question);
    pty.type('\x03');
    await pty.sees('keyctl: interrupted; nothing was done');
    expect(await leavesTerminalAsItWas(pty)).toBe(130);
    await isUntouched(key);
  });

  it('at the terminal while stdin is data, too', async () => {
    const key = await seed();
    const pty = await onTerminal(['revoke', '--stdin', '--reason', reason], {
      line: `echo ${key.id} | "$@"`,
    });
    await pty.sees(`Type ${wordOf(key)}`);
    pty.type('\x03');
    await pty.sees('keyctl: interrupted; nothing was done');
    expect(await leavesTerminalAsItWas(pty)).toBe(130);
    await isUntouched(key);
  });

  it('at a hidden question leaves a terminal that echoes and shows its cursor', async () => {
    const pty = await onTerminal(['keys', 'verify']);
    await pty.sees('not shown');
    expect(pty.cursor().shown).toBe(false);
    pty.type('\x03');
    expect(await leavesTerminalAsItWas(pty)).toBe(130);
  });

  it.each(['INT', 'TERM', 'HUP'])('SIG%s at a question restores the terminal (130)', async (signal) => {
    const key = await seed();
    const pty = await onTerminal(['revoke', key.id], {
      line: `"$@" & keyctl=$!; echo "pid $keyctl"; fg 2>/dev/null || wait $keyctl`,
    });
    await pty.sees(/pid \d+/);
    const [, pid] = /pid (\d+)/.exec(pty.screen().join('\n')) ?? [];
    await pty.sees(`Type ${wordOf(key)}`);
    process.kill(Number(pid), `SIG${signal}`);
    await pty.sees('keyctl: interrupted; nothing was done');
    expect(await leavesTerminalAsItWas(pty)).toBe(130);
    await isUntouched(key);
  });
});

it('a window that is closed at a question leaves no process behind, and nothing done', async () => {
  const key = await seed();
  const pty = await onTerminal(['revoke', key.id], {
    line: `sh -c 'echo "pid $$"; exec "$0" "$@"' "$@"`,
  });
  await pty.sees(`Type ${wordOf(key)}`);
  const [, pid] = /pid (\d+)/.exec(pty.screen().join('\n')) ?? [];
  expect(() => process.kill(Number(pid), 0)).not.toThrow();
  pty.close();
  await expect.poll(() => isRunning(Number(pid)), { timeout: 60_000 }).toBe(false);
  await isUntouched(key);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('hostile names', () => {
  const hostile = '\x1b]52;c;aGVsbG8=\x07\r\x1b[2J\u202eevil\u009b1;31m\x1b[999;1H';

  it('show as escapes and cannot move the cursor, wherever they stand', async () => {
    const key = await seed({
      name: `${hostile}${'x'.repeat(1000)}`,
      owner: `${hostile}@example.com`.toLowerCase(),
    });
    await seedUsage(admin, {
      keyId: key.id,
      times: 3,
      secondsAgo: 60,
      endpoint: hostile,
      userAgent: hostile,
    });
    const pty = await onTerminal(['revoke', key.id]);
    await pty.sees(`Type ${wordOf(key)}`);
    const [first] = pty.screen();
    expect(first).toMatch(new RegExp(`^${key.id}  \\\\x1b\\]52;c;aGVsbG8=\\\\x07`));
    expect(pty.written()).not.toMatch(/\x1b\]|\u202e|\u009b|\x07|\x1b\[2J|\x1b\[999/);
    expect(pty.screen().length).toBeLessThan(15);
    // The question is the last line, and the cursor stands behind it.
    expect(pty.screen()[pty.cursor().row]).toContain(`Type ${wordOf(key)} to revoke it:`);
    pty.type('\x03');
    expect(await leavesTerminalAsItWas(pty)).toBe(130);
  });

  it('stay on their line in the search', async () => {
    const key = await seed({ name: `${hostile}-searched` });
    const pty = await onTerminal(['revoke'], { columns: 60 });
    await pty.sees('arrows move');
    pty.type(key.id);
    await pty.sees(`› ${key.id}`);
    expect(pty.written()).not.toMatch(/\x1b\]|\u202e|\u009b|\x07|\x1b\[2J|\x1b\[999/);
    pty.type('\x03');
    expect(await leavesTerminalAsItWas(pty)).toBe(130);
  });

  it('typed or pasted by oneself are shown clean, too', async () => {
    const pty = await onTerminal(['revoke']);
    await pty.sees('arrows move');
    pty.paste('\u202eabc\u009b31m\u2066');
    await pty.sees('\\u{202e}abc');
    expect(pty.written()).not.toMatch(/\u202e|\u009b/);
    pty.type('\x03');
    expect(await leavesTerminalAsItWas(pty)).toBe(130);
  });
});

it('a terminal of 0 columns counts as 80 (F37)', async () => {
  const key = await seed({ name: 'narrow', owner: 'frank@example.com' });
  const pty = await onTerminal(['revoke', key.id], { line: 'stty cols 0 rows 0; "$@"' });
  await pty.sees(`Type ${wordOf(key)} to revoke it:`);
  expect(pty.screen().find((line) => line.includes('frank@example.com'))).toBe(
    '  owner      frank@example.com',
  );
  pty.type('\x03');
  expect(await leavesTerminalAsItWas(pty)).toBe(130);
});
