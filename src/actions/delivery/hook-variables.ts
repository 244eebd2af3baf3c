import type { IssuedKey } from './sink.js';

/** The key that a program of the user's is told about. */
export type HookKey = Pick<IssuedKey, 'keyId' | 'name' | 'fingerprint' | 'operationId'>;

/** What such a program finds in its environment. A key's name was written by others: it is to be quoted. */
export function hookVariables(phase: string, key: HookKey | null): Record<string, string> {
  if (key === null) return { KEYCTL_PHASE: phase };
  return {
    KEYCTL_PHASE: phase,
    KEYCTL_KEY_ID: key.keyId,
    KEYCTL_KEY_NAME: key.name,
    KEYCTL_FINGERPRINT: key.fingerprint,
    KEYCTL_OPERATION_ID: key.operationId,
  };
}
