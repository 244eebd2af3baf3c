import type { Secret } from '../../domain/secret.js';

/** A key on its way out: everything about it that is known before it becomes usable. */
export interface IssuedKey {
  readonly operationId: string;
  readonly keyId: string;
  readonly fingerprint: string;
  readonly name: string;
  readonly version: number;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  /** Names of the sinks that hold the secret once the key is active. */
  readonly deliveredTo: readonly string[];
  /** The audit row that registered the key. */
  readonly auditSeq: number;
  /** Of a successor: what it replaces. */
  readonly rotation?: RotationFacts;
}

/** What a rotation does to the old key; before it is activated, what it is going to do. */
export interface RotationFacts {
  readonly rotationId: string;
  readonly oldKeyId: string;
  readonly oldFingerprint: string | null;
  /** `retiring` while it is in its grace, `replaced` when it ended at once, `revoked` when it was before. */
  readonly oldKeyStatus: string;
  /** Null: it has no grace, or (status `retiring`) is kept until the next rotation. */
  readonly graceEndsAt: string | null;
}

/**
 * Where a secret goes. `stage` comes before the key is activated: when it returns, the secret is safe there. `commit`
 * comes after: what changes something that is in use happens then. `discard` undoes a stage.
 */
export interface Sink {
  /** As the audit row names it: `stdout`, `terminal`, `file:/etc/billing/key`; never anything of the secret. */
  readonly name: string;
  /** @throws SinkError (or a file system's error) when the secret is not safe there */
  stage(secret: Secret, key: IssuedKey): Promise<void>;
  commit(): Promise<void>;
  discard(): Promise<void>;
  /** What an earlier run staged here for that key; null when nothing can be read back. */
  recall(keyId: string): Promise<Secret | null>;
  /** True when `commit` changes something that is in use: until then whoever uses it still has the old key. */
  readonly inPlace?: boolean;
  /**
   * Goes on with what an earlier run staged here and did not commit; comes before `commit` then, in the place of `stage`.
   * The secret is null when nobody could recall it.
   */
  adopt?(key: IssuedKey, secret: Secret | null): Promise<void>;
}

/** Why a sink could not take the secret, in words, with a flag that would. */
export class SinkError extends Error {
  readonly hint: string;
  /** Somebody called it off (Ctrl-C, SIGTERM) while it was at work. */
  readonly interrupted: boolean;

  constructor(why: string, hint: string, interrupted = false) {
    super(why);
    this.name = 'SinkError';
    this.hint = hint;
    this.interrupted = interrupted;
  }
}
