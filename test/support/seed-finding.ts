import { createHash, randomBytes } from 'node:crypto';
import type { NewFinding } from '../../src/db/kernel-findings.js';
import { randomBase62 } from '../../src/domain/base62.js';
import type { Evidence } from '../../src/domain/detect/finding.js';
import type { SeededKey } from './seed-keys.js';

const evidence: Evidence = {
  summary: '147 refusals from 198.51.100.17',
  factors: [{ what: 'network', value: '198.51.100.0/24', usual: '192.0.2.0/24' }],
  topIps: [{ value: '198.51.100.17', requests: 147, isNew: true }],
  topEndpoints: [{ value: '/v1/export', requests: 147, isNew: true }],
  historyDays: 28,
  suggests: 'keyctl revoke KEY --code leaked',
};

/** A finding as detection hands it to the kernel: a refusal burst that ended a few minutes ago, unless told otherwise. */
export function newFinding(key: SeededKey | null, parts: Partial<NewFinding> = {}): NewFinding {
  const finding = { ...usual(key), ...parts };
  const { detector, family_id, ip, cause } = finding;
  return { ...finding, story: parts.story ?? sha256([detector, family_id, ip, cause].join(' ')) };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function usual(key: SeededKey | null): Omit<NewFinding, 'story'> {
  const now = Date.now();
  const at = (minutesAgo: number) => new Date(now - minutesAgo * 60_000).toISOString();
  return {
    ...{
      finding_id: `fnd_${randomBase62(12, randomBytes)}`,
      detector: 'auth_burst',
      detector_family: 'auth',
    },
    ...{ severity: 'high', key_id: key?.id ?? null, family_id: key?.familyId ?? null, ip: '198.51.100.17' },
    ...{ cause: '198.51.100.17', onset_at: at(19), window_start: at(20), window_end: at(10) },
    ...{ observed: 147, expected_low: 0, expected_high: 2, bits: null, calibrated_bits: null, weight: 0.5 },
    ...{ evidence, reproduce_sql: 'select 147 as observed, 0 as expected_low, 2 as expected_high' },
  };
}
