import { describe, expect, it } from 'vitest';
import { parseScope, scopeAllows } from '../../src/domain/scope.js';
import { usageErrorOf } from './usage-errors.js';

describe('parseScope', () => {
  it.each(['workflow:read', 'workflow:*', 'a', 'a:b:c:*', 'Repo.Admin:write_all', 'models:small-2'])(
    'takes %s',
    (scope) => {
      expect(parseScope('--scope', scope)).toBe(scope);
    },
  );

  it.each([
    '',
    '*',
    '*:read',
    'workflow:*:read',
    'workflow*',
    ':read',
    'workflow:',
    'a::b',
    'a b',
    'a,b',
    'a:b\n',
    'é',
    `a${':b'.repeat(50)}`,
  ])('refuses %j', (scope) => {
    usageErrorOf('--scope', () => parseScope('--scope', scope));
  });
});

// The same table is true of keyctl.scope_allows.
it.each([
  ['workflow:read', 'workflow:read', true],
  ['workflow:read', 'workflow:read:all', false],
  ['workflow:read', 'workflow', false],
  ['workflow:*', 'workflow:read', true],
  ['workflow:*', 'workflow:read:all', true],
  ['workflow:*', 'workflow:*', true],
  ['workflow:*', 'workflow', false],
  ['workflow:*', 'workflow:', false],
  ['workflow:*', 'workflows:read', false],
  ['workflow:read:*', 'workflow:read', false],
  ['workflow:read', 'workflow:*', false],
  ['workflow:Read', 'workflow:read', false],
])('%s granted, %s wanted: %s', (granted, wanted, allowed) => {
  expect(scopeAllows(granted, wanted)).toBe(allowed);
});
