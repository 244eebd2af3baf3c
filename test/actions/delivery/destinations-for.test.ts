import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type DeliveryPlan,
  refuseTwice,
  type SinkWorld,
  sinksFor,
} from '../../../src/actions/delivery/destinations-for.js';
import { parseDeliveryMap } from '../../../src/domain/delivery-map.js';
import { parseDestination } from '../../../src/domain/destination.js';
import { usageErrorOf } from '../../domain/usage-errors.js';
import { hook, hookWorld } from './hook-world.js';
import { issue } from './issue.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyctl-plan-'));
});
afterEach(() => rm(home, { recursive: true }));

const stdout = { name: 'stdout', stage: async () => {}, commit: async () => {}, discard: async () => {} };
const world = (): SinkWorld => ({
  ...hookWorld(),
  workingDirectory: home,
  stdout: () => ({ ...stdout, recall: async () => null }),
});
const key = { keyId: 'key_7Q2mK9xZab3d', name: 'billing', prefix: 'kc', ownerEmail: null, oldKeyId: null };
const fixed = (...sinks: string[]): DeliveryPlan => ({
  kind: 'fixed',
  destinations: sinks.map((sink) => parseDestination('--deliver', sink)),
});
const namesOf = (plan: DeliveryPlan) => sinksFor(plan, key, world())?.map((sink) => sink.name) ?? null;

describe('the sinks of a key', () => {
  it('are staged in the order in which they can be taken back, whatever was typed first', () => {
    const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
    const typed = ['stdout', 'exec:/bin/b', 'exec:/bin/a', 'env:e#A', `age:${recipient}>k.age`, 'file:k'];
    expect(namesOf(fixed(...typed))).toEqual([
      `file:${home}/k`,
      `age:${recipient}>${home}/k.age`,
      `env:${home}/e#A`,
      'exec:/bin/b',
      'exec:/bin/a',
      'stdout',
    ]);
  });

  it('are one file each, named by the id of the new key, in a directory', () => {
    expect(namesOf({ kind: 'directory', path: 'keys' })).toEqual([`file:${home}/keys/key_7Q2mK9xZab3d`]);
  });

  it('are those of a map, or none', () => {
    const map = parseDeliveryMap('[{"key": "name:billing", "deliver": ["exec:/bin/a", "file:k/{id}"]}]');
    expect(namesOf({ kind: 'map', map })).toEqual([`file:${home}/k/key_7Q2mK9xZab3d`, 'exec:/bin/a']);
    expect(sinksFor({ kind: 'map', map }, { ...key, name: 'other' }, world())).toBeNull();
  });

  it('are new ones for each key: keys that are delivered at once do not mix', async () => {
    await hook(join(home, 'hook'), 'cat > $0.$KEYCTL_PHASE.$KEYCTL_KEY_ID');
    const plan = fixed(`exec:${home}/hook`);
    const issued = [issue(), issue()];
    const sinks = issued.map(({ key: { keyId } }) => sinksFor(plan, { ...key, keyId }, world())?.[0]);
    for (const [at, { token, key }] of issued.entries()) await sinks[at]?.stage(token, key);
    for (const sink of sinks) await sink?.commit();
    for (const { token, key } of issued) {
      expect(await readFile(join(home, `hook.commit.${key.keyId}`), 'utf8')).toBe(token.reveal());
    }
  });

  it('are refused when one is named twice, however it is spelled', () => {
    const twice = (...sinks: string[]) =>
      refuseTwice(
        '--deliver',
        sinks.map((sink) => parseDestination('--deliver', sink)),
        home,
      );
    twice('file:a', 'file:b', 'env:e#A', 'env:e#B', 'exec:/bin/a 1', 'exec:/bin/a 2');
    for (const pair of [
      ['file:a', `file:${home}/a`],
      ['env:e#A', 'env:./e#A'],
      ['stdout', 'stdout'],
    ]) {
      expect(usageErrorOf('--deliver', () => twice(...pair)).message).toContain('named twice');
    }
  });
});
