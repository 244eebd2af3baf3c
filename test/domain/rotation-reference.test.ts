import { describe, expect, it } from 'vitest';
import { parseRotationReference } from '../../src/domain/rotation-reference.js';

describe('the ID of a rotation', () => {
  it.each([
    ['rot_7Q2mK9xZab3d', { kind: 'rotation', rotationId: 'rot_7Q2mK9xZab3d' }],
    [' rot_7Q2mK9xZab3d\n', { kind: 'rotation', rotationId: 'rot_7Q2mK9xZab3d' }],
    ['rot_7Q2m', { kind: 'start', start: 'rot_7Q2m' }],
    ['rot_7Q2mK9xZab3dX', { kind: 'key', text: 'rot_7Q2mK9xZab3dX' }],
    ['name:rot_7Q2m', { kind: 'key', text: 'name:rot_7Q2m' }],
    ['key_7Q2mK9xZab3d', { kind: 'key', text: 'key_7Q2mK9xZab3d' }],
    ['alice-prod', { kind: 'key', text: 'alice-prod' }],
  ])('%j', (text, reference) => {
    expect(parseRotationReference(text, false)).toEqual(reference);
  });

  it('refuses a short start off a terminal, where nobody sees what it hit', () => {
    expect(() => parseRotationReference('rot_7Q2', false)).toThrow(/^ID: rot_7Q2 is too short/);
    expect(parseRotationReference('rot_7', true)).toEqual({ kind: 'start', start: 'rot_7' });
  });

  it.each(['', '  ', 'kc_7Q2mK9xZab3d0000000000000000000000000000000000000000000000000000'])(
    'refuses %j',
    (text) => {
      expect(() => parseRotationReference(text, true)).toThrow(expect.objectContaining({ exitCode: 2 }));
    },
  );
});
