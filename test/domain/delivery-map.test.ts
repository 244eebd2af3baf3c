import { describe, expect, it } from 'vitest';
import { mappedDestinations, parseDeliveryMap } from '../../src/domain/delivery-map.js';
import { usageErrorOf } from './usage-errors.js';

const map = parseDeliveryMap(`[
  {"key": "name:billing (rotated)", "deliver": "env:/etc/billing/env#API_KEY"},
  {"key": "owner:Alice@Example.com", "deliver": ["file:/srv/{name}/{id}", "exec:/bin/hook {id}"]},
  {"key": "prefix:fie", "deliver": "file:/srv/fie/{id}"},
  {"key": "*", "deliver": "file:/srv/{id}"}
]`);
const key = { keyId: 'key_7Q2mK9xZab3d', name: 'other', prefix: 'kc', ownerEmail: 'bob@example.com' };
const file = (path: string) => [{ kind: 'file', path }];

describe('a delivery map', () => {
  it('takes a family by its name, whichever of its keys is rotated', () => {
    const env = [{ kind: 'env', path: '/etc/billing/env', variable: 'API_KEY' }];
    for (const name of ['billing', 'billing (rotated)']) {
      expect(mappedDestinations(map, { ...key, name })).toEqual(env);
    }
  });

  it('takes the first rule that fits, and * for the rest', () => {
    expect(mappedDestinations(map, { ...key, prefix: 'fie' })).toEqual(file('/srv/fie/key_7Q2mK9xZab3d'));
    expect(mappedDestinations(map, { ...key, prefix: 'fie_alice' })).toEqual(file('/srv/key_7Q2mK9xZab3d'));
    expect(mappedDestinations(map, { ...key, ownerEmail: null })).toEqual(file('/srv/key_7Q2mK9xZab3d'));
  });

  it('fills placeholders in paths, and in nothing that is run', () => {
    const name = 'ci-bot (rotated)';
    expect(mappedDestinations(map, { ...key, name, ownerEmail: 'alice@example.com', prefix: 'fie' })).toEqual(
      [
        ...file('/srv/ci-bot/key_7Q2mK9xZab3d'),
        { kind: 'exec', command: { file: '/bin/hook', args: ['{id}'] } },
      ],
    );
  });

  it.each(['..', '../../etc/passwd', '.ssh', '-rf', 'a b', 'a/b', '', '{id}'])(
    'lets no name (%j) choose a directory',
    (name) => {
      const error = usageErrorOf('--deliver-map', () =>
        mappedDestinations(map, { ...key, name, ownerEmail: 'alice@example.com' }),
      );
      expect(error.message).toContain('cannot be a part of a path');
    },
  );

  it('has no place for a key that no rule fits', () => {
    const only = parseDeliveryMap('[{"key": "name:billing", "deliver": "file:/srv/{id}"}]');
    expect(mappedDestinations(only, key)).toBeNull();
  });

  it.each([
    ['', 'not JSON'],
    ['{}', 'no JSON array'],
    ['[]', 'no JSON array'],
    ['["x"]', 'entry 1: is no object'],
    ['[{"key": "*", "deliver": "file:/a", "shell": true}]', 'entry 1: has an unknown field "shell"'],
    ['[{"key": "*"}]', 'entry 1: "deliver"'],
    ['[{"key": "*", "deliver": []}]', 'entry 1: "deliver"'],
    ['[{"key": "*", "deliver": ["file:/a", 1]}]', 'entry 1: "deliver"'],
    ['[{"key": "*", "deliver": ["file:/a", "file:/a"]}]', 'entry 1: names a sink twice'],
    ['[{"key": "*", "deliver": "stdout"}]', 'entry 1: stdout is no place'],
    ['[{"key": "*", "deliver": "file:/{owner}"}]', 'entry 1: {owner} is unknown'],
    ['[{"key": "*", "deliver": "exec:hook"}]', 'entry 1: exec: starts with the absolute path'],
    ['[{"deliver": "file:/a"}]', 'entry 1: "key" is'],
    ['[{"key": "billing", "deliver": "file:/a"}]', 'entry 1: "key" is'],
    [
      '[{"key": "*", "deliver": "file:/a"}, {"key": "name:x", "deliver": "file:/b"}]',
      'entry 2: is never reached: entry 1',
    ],
    [
      '[{"key": "name:x", "deliver": "file:/a"}, {"key": "name:x (rotated)", "deliver": "file:/b"}]',
      'entry 2: is never',
    ],
  ])('is refused as a whole: %s', (text, problem) => {
    const error = usageErrorOf('--deliver-map', () => parseDeliveryMap(text));
    expect(error.message).toContain(problem);
    expect(() => parseDeliveryMap(error.hint ?? '')).not.toThrow();
  });
});
