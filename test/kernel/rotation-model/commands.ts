import fc from 'fast-check';
import { expect } from 'vitest';
import { command, onKey, onRotation, operationNumber, pick } from './compared-step.js';
import { extend, replace } from './grace-steps.js';
import { mint, operation, pass, quoted } from './kernel.js';
import { resume, retireDue, revoke, suspend } from './key-steps.js';
import { prepare } from './prepare-step.js';
import { abort, activate, commit, finalize } from './rotation-steps.js';

const why = quoted('the model wants it so');
const [number, hour, day] = [fc.nat(1000), 3600, 86_400];

const prepareCommand = fc
  .record({
    number,
    repeat: operationNumber,
    kind: fc.constantFrom('rotate', 'rotate', 'rotate', 'reissue'),
    graceSeconds: fc.constantFrom(undefined, 0, hour, 2 * day),
    keepsPrevious: fc.boolean(),
    compromised: fc.boolean(),
    force: fc.boolean(),
    abandonsDead: fc.boolean(),
    isLate: fc.constantFrom(false, false, false, true),
  })
  .map(({ number, repeat, isLate, ...wanted }) =>
    onKey(`prepare ${JSON.stringify(wanted)}`, number, repeat, (key, { world }, id) => {
      const minted = mint();
      const version = key.version - Number(isLate);
      const item = { ...minted, key_id: key.id, version, hash_scheme: 1, deliver_to: ['file:/x'] };
      const { graceSeconds, keepsPrevious, compromised, force, abandonsDead, kind } = wanted;
      const keeps = keepsPrevious && graceSeconds === undefined;
      const options = { kind, compromised, force, abandon_dead: abandonsDead, grace_seconds: graceSeconds };
      return {
        name: 'rotate_prepare',
        args: [quoted([item]), quoted({ ...options, keep_previous: keeps }), why],
        expected: prepare(world, key, {
          ...wanted,
          keepsPrevious: keeps,
          operation: id,
          version,
          newKeyId: minted.id,
        }),
      };
    }),
  );

const rotationCommands = fc
  .record({
    number,
    repeat: operationNumber,
    inPlace: fc.boolean(),
    act: fc.constantFrom('activate', 'activate', 'commit', 'finalize', 'abort', 'extend'),
    graceSeconds: fc.constantFrom(137, 5137, 100_137),
  })
  .map(({ number, repeat, act, inPlace, graceSeconds }) =>
    onRotation(
      `${act}${act === 'activate' && inPlace ? ' in place' : ''}`,
      number,
      repeat,
      (rotation, { world }, id) => {
        const item = { rotation_id: rotation.id, delivered_to: ['file:/x'], in_place: inPlace };
        const quotedId = quoted(rotation.id);
        const name = `rotate_${act}`;
        switch (act) {
          case 'activate':
            return { name, args: [quoted([item])], expected: activate(world, id, rotation, inPlace) };
          case 'commit':
            return { name, args: [`array[${quotedId}]`], expected: commit(world, id, rotation) };
          case 'finalize':
            return { name, args: [quotedId], expected: finalize(world, id, rotation) };
          case 'abort':
            return { name, args: [`array[${quotedId}]`, why], expected: abort(world, id, rotation) };
          case 'extend': {
            const expected = extend(world, id, rotation, graceSeconds);
            return { name, args: [quotedId, `'${graceSeconds} seconds'`, why], expected };
          }
        }
      },
    ),
  );

const replaceCommand = fc
  .record({
    number,
    other: number,
    repeat: operationNumber,
    graceSeconds: fc.constantFrom(undefined, 0, hour),
    compromised: fc.boolean(),
    force: fc.boolean(),
  })
  .map(({ number, other, repeat, ...wanted }) =>
    onKey(`replace ${JSON.stringify(wanted)} by ${other}`, number, repeat, (key, { world }, id) => {
      const next = pick([...world.keys.values()], other) ?? key;
      const { graceSeconds, compromised, force } = wanted;
      const options = { grace_seconds: graceSeconds, compromised, force };
      return {
        name: 'rotate_replace',
        args: [quoted(key.id), quoted(next.id), quoted(options), why],
        expected: replace(world, key, next, { ...wanted, operation: id }),
      };
    }),
  );

const keyCommands = fc
  .record({
    number,
    repeat: operationNumber,
    act: fc.constantFrom('suspend', 'resume', 'resume', 'revoke'),
    seconds: fc.constantFrom(null, hour),
  })
  .map(({ number, repeat, act, seconds }) =>
    onKey(act, number, repeat, (key, { world }, id) => {
      const name = `${act}_key`;
      const forSeconds = seconds === null ? 'null' : `'${seconds} seconds'`;
      if (act === 'resume') return { name, args: [quoted(key.id), why], expected: resume(world, id, key) };
      if (act === 'revoke') return { name, args: [quoted(key.id), why], expected: revoke(world, id, key) };
      return { name, args: [quoted(key.id), why, forSeconds], expected: suspend(world, id, key, seconds) };
    }),
  );

const passCommand = fc.constantFrom(600, 4200, 25 * hour, 3 * day).map((seconds) =>
  command(`${seconds} s go by`, async ({ world }, kernel) => {
    await pass(kernel, world, seconds);
    world.now += seconds;
    return null;
  }),
);

/** By plain SQL, as gateways and plans do it. */
const useCommand = number.map((at) =>
  command(`key ${at} is used`, async ({ world }, { db }) => {
    const key = pick([...world.keys.values()], at);
    if (key === undefined) return null;
    await db.sql`update keyctl.api_keys set last_used_at = clock_timestamp() where id = ${key.id}`;
    key.isUsed = true;
    return null;
  }),
);

const planCommand = number.map((at) =>
  command(`key ${at} is to retire in two days`, async ({ world }, { db }) => {
    const key = pick([...world.keys.values()], at);
    if (key?.stored !== 'active' || key.usableUntil !== null) return null;
    await db.sql`update keyctl.api_keys set retire_on = plan.end, usable_until = plan.end
      from (select clock_timestamp() + interval '2 days' as end) plan where id = ${key.id}`;
    key.retireOn = world.now + 2 * day;
    key.usableUntil = key.retireOn;
    return null;
  }),
);

const retireCommand = fc.constant(
  command('retire what is due', async ({ world }, { db }) => {
    const expected = retireDue(world);
    const [row] = await db.sql`select keyctl.retire_due(${operation()}::uuid, '{}'::jsonb, 100000) as answer`;
    const { finalized, retired } = row?.answer ?? {};
    const ours = (ids: string[]) => ids.filter((id) => world.keys.has(id)).sort();
    expect([ours(finalized), ours(retired)]).toEqual([expected.finalized.sort(), expected.retired.sort()]);
    return { expected, outcome: 'tidied' };
  }),
);

export const commands = [
  prepareCommand,
  prepareCommand,
  rotationCommands,
  rotationCommands,
  rotationCommands,
  replaceCommand,
  keyCommands,
  passCommand,
  useCommand,
  planCommand,
  retireCommand,
];
