import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { armor, Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ageSink } from '../../../src/actions/delivery/age-sink.js';
import { issue } from './issue.js';
import { refusal } from './refusal.js';

const hasAge = spawnSync('age', ['--version']).status === 0;

let home: string;
let identity: string;
let recipient: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyctl-age-'));
  identity = await generateX25519Identity();
  recipient = await identityToRecipient(identity);
});
afterEach(() => rm(home, { recursive: true }));

describe('an encrypted file as a sink', () => {
  // Without Debian's age on the machine this shows less: that the library understands itself.
  it(`is opened by ${hasAge ? 'Debian’s age' : 'the library (no age on this machine)'} with the identity`, async () => {
    const { token, key } = issue();
    const path = join(home, 'key.age');
    const sink = ageSink(recipient, path);
    await sink.stage(token, key);
    await sink.commit();
    const text = await readFile(path, 'utf8');
    expect(text).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
    expect((await stat(path)).mode & 0o7777).toBe(0o600);
    expect(await readdir(home)).toEqual(['key.age']);
    expect(text).not.toContain(token.reveal().slice(-20));
    expect(await opened(path, text)).toBe(token.reveal());
    expect(sink.inPlace ?? false).toBe(false);
  });

  it('never replaces a file, and cannot be recalled', async () => {
    const { token, key } = issue();
    const path = join(home, 'key.age');
    await writeFile(path, 'mine');
    expect((await refusal(ageSink(recipient, path).stage(token, key))).message).toContain('already');
    expect(await readFile(path, 'utf8')).toBe('mine');
    expect(await ageSink(recipient, path).recall(key.keyId)).toBeNull();
    expect(await readdir(home)).toEqual(['key.age']);
  });

  it('takes back what it wrote, and nothing else', async () => {
    const { token, key } = issue();
    const path = join(home, 'key.age');
    const sink = ageSink(recipient, path);
    await sink.stage(token, key);
    await sink.discard();
    expect(await readdir(home)).toEqual([]);
    await sink.stage(token, key);
    await writeFile(path, 'somebody else');
    await sink.discard();
    expect(await readFile(path, 'utf8')).toBe('somebody else');
  });
});

async function opened(path: string, text: string): Promise<string> {
  if (hasAge) {
    const identityFile = join(home, 'identity');
    await writeFile(identityFile, `${identity}\n`, { mode: 0o600 });
    return execFileSync('age', ['--decrypt', '--identity', identityFile, path], { encoding: 'utf8' });
  }
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return await decrypter.decrypt(armor.decode(text), 'text');
}
