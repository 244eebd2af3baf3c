import { expect, it } from 'vitest';
import { detectorFamilies } from '../../../src/domain/detect/finding.js';
import { addressDetectors, detectors, staleDetectors } from '../../../src/domain/detect/registry.js';

const all = [...detectors, ...addressDetectors, ...staleDetectors];

it('names each detector once', () => {
  const names = all.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z][a-z_]+$/);
});

it('covers every family', () => {
  expect(new Set(all.map(({ family }) => family))).toEqual(new Set(detectorFamilies));
});

it('says of each in one line what it finds, when, and whose idea it was', () => {
  for (const { summary, rule, source } of all)
    for (const text of [summary, rule, source]) expect(text).toMatch(/^[^\n]{10,260}$/);
});
