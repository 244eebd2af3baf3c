import { randomBytes } from 'node:crypto';
import type { IssuedKey } from '../../../src/actions/delivery/sink.js';
import type { Secret } from '../../../src/domain/secret.js';
import { fingerprint, mintToken } from '../../../src/domain/token.js';

/** A key on its way out, as a sink gets it. */
export function issue(): { token: Secret; key: IssuedKey } {
  const { token, id } = mintToken('kc', (size) => randomBytes(size));
  const key = {
    operationId: '018f3c2e-0000-7000-8000-000000000001',
    keyId: id,
    fingerprint: fingerprint(token),
    name: 'n',
    version: 1,
    scopes: [],
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
    deliveredTo: [],
    auditSeq: 1,
  };
  return { token, key };
}
