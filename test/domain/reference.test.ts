import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeReference, parseReference } from '../../src/domain/reference.js';
import { baseName, rotatedName } from '../../src/domain/rotated-name.js';
import { mintToken } from '../../src/domain/token.js';
import { usageErrorOf } from './usage-errors.js';

const minted = mintToken('fie_alice', randomBytes);
const token = minted.token.reveal();
const hex = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const alice = { kind: 'redacted', prefix: 'fie_alice', locator: '7Q2mK9xZab3d', id: 'key_7Q2mK9xZab3d' };

describe('parseReference', () => {
  it.each([
    ['key_7Q2mK9xZab3d', { kind: 'id', id: 'key_7Q2mK9xZab3d' }],
    ['  key_7Q2mK9xZab3d\n', { kind: 'id', id: 'key_7Q2mK9xZab3d' }],
    ['id:key_7Q2mK9xZab3d', { kind: 'id', id: 'key_7Q2mK9xZab3d' }],
    ['id:7Q2mK9xZab3d', { kind: 'id', id: 'key_7Q2mK9xZab3d' }],
    ['id:7Q2m', { kind: 'id_start', start: 'key_7Q2m' }],
    ['key_7Q2m', { kind: 'text', text: 'key_7Q2m', idStart: 'key_7Q2m' }],
    ['key_prod', { kind: 'text', text: 'key_prod', idStart: 'key_prod' }],
    ['key_7Q2mK9xZ…', { kind: 'id_start', start: 'key_7Q2mK9xZ' }],
    ['fie_alice_7Q2mK9xZ…', { kind: 'id_start', start: 'key_7Q2mK9xZ' }],
    ['fie_alice_7Q2mK9xZab3d****', alice],
    ['fie_alice_7Q2mK9xZab3d…', alice],
    ['fie_alice_7Q2mK9xZab3d...', alice],
    ['fie_alice_7Q2mK9xZab3d••••', alice],
    ['fie_alice_7Q2mK9xZab3dAbCdEf****', alice],
    ['fie_alice_7Q2mK9xZab3d', { kind: 'text', text: 'fie_alice_7Q2mK9xZab3d', idStart: 'key_7Q2mK9xZab3d' }],
    ['alice-prod', { kind: 'text', text: 'alice-prod', idStart: null }],
    ['alice-prod (rotated)', { kind: 'text', text: 'alice-prod (rotated)', idStart: null }],
    ['name:key_7Q2mK9xZab3d', { kind: 'name', name: 'key_7Q2mK9xZab3d' }],
    ['name:id:x', { kind: 'name', name: 'id:x' }],
    ['external:sk_1234', { kind: 'external', externalId: 'sk_1234' }],
    [
      `sha256:${hex.slice(0, 16)}`,
      { kind: 'fingerprint', fingerprint: `sha256:${hex.slice(0, 16)}`, digest: null },
    ],
    [
      `sha256:${hex.toUpperCase()}`,
      { kind: 'fingerprint', fingerprint: `sha256:${hex.slice(0, 16)}`, digest: hex },
    ],
    [hex, { kind: 'text', text: hex, idStart: null }],
  ])('reads %s', (text, reference) => {
    expect(parseReference(text)).toEqual(reference);
  });

  it('reads a full token, and prints nothing of its secret', () => {
    const reference = parseReference(` ${token} `);
    expect(reference).toMatchObject({
      kind: 'token',
      id: minted.id,
      prefix: 'fie_alice',
      locator: minted.locator,
    });
    expect(reference.kind === 'token' && reference.token.reveal()).toBe(token);
    for (const shown of [describeReference(reference), JSON.stringify(reference), inspect(reference)]) {
      expect(shown).not.toContain(token.slice(-52));
    }
  });

  it('tells a damaged token from a name, and shows only what may be shown', () => {
    const damaged = token.slice(0, -1) + (token.endsWith('0') ? '1' : '0');
    expect(parseReference(damaged)).toEqual({
      kind: 'broken_token',
      shown: `fie_alice_${minted.locator}****`,
    });
  });

  it.each([
    '',
    '  ',
    'id:',
    'name:',
    'external: ',
    'id:a b',
    'id:key_waytoolongforanid',
    'sha256:',
    'sha256:12ab',
    'sha256:xyz',
  ])('refuses %j', (text) => {
    usageErrorOf('KEY', () => parseReference(text));
  });

  it('takes any text, of any length, without hanging', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        fc.pre(text.trim() !== '' && !/^\s*(id|name|external|sha256):/.test(text));
        expect(parseReference(text)).toHaveProperty('kind');
      }),
    );
    for (const long of ['a_'.repeat(500_000), `a_${'b'.repeat(1_000_000)}`, '*'.repeat(1_000_000)]) {
      expect(parseReference(long).kind).toBe('text');
    }
  });
});

describe('describeReference', () => {
  it('does not repeat what may be a foreign secret', () => {
    expect(describeReference(parseReference('sk_live_4eC39HqLyjWDarjtT1zdp7dc'))).toBe('sk_liv****');
    expect(describeReference(parseReference('billing-worker'))).toBe('billing-worker');
    expect(describeReference(parseReference('the nightly export of 2026'))).toBe(
      'the nightly export of 2026',
    );
  });
});

describe('rotated names', () => {
  it('never double the suffix', () => {
    expect(rotatedName('alice-prod')).toBe('alice-prod (rotated)');
    expect(rotatedName(rotatedName('alice-prod'))).toBe('alice-prod (rotated)');
    expect(baseName('alice-prod (rotated) (rotated)')).toBe('alice-prod');
    expect(baseName(' (rotated)')).toBe(' (rotated)');
    expect(baseName('rotated')).toBe('rotated');
  });

  it('stay within the length of a name, and stable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (name) => {
        const once = rotatedName(name);
        expect([...once].length).toBeLessThanOrEqual(200);
        expect(rotatedName(once)).toBe(once);
      }),
    );
  });
});
