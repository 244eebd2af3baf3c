import type { SignedCheckpoint } from '../actions/checkpoint-audit.js';
import type { Renderer } from './renderer.js';
import { clean, joinLines, line } from './terminal-text.js';

interface KeyAbout {
  readonly keyPath: string;
  readonly keyCreated: boolean;
}

interface TakenCheckpoint extends SignedCheckpoint, KeyAbout {
  /** The files it went to; `error` is the system's word for why it did not. */
  readonly sinks: readonly { readonly path: string; readonly error: string | null }[];
}

/** `audit checkpoint`. */
export const checkpointTaken: Renderer<TakenCheckpoint> = {
  text({ size, vkey, keyPath, keyCreated, note, sinks }, { style }) {
    return joinLines([
      line`${style.ok(line`${style.sign.ok} checkpoint at ${size}`)}`,
      ...(keyCreated ? [line`  made the key ${clean(keyPath)}; it is the only copy`] : []),
      ...sinks.map(({ path, error }) =>
        error === null
          ? line`  appended to ${clean(path)}`
          : style.warning(line`  ${style.sign.warning} not appended to ${clean(path)} (${clean(error)})`),
      ),
      line`  public key, for whoever checks it (KEYCTL_CHECKPOINT_VKEYS):`,
      line`    ${clean(vkey)}`,
      line``,
      ...note.slice(0, -1).split('\n').map(clean),
    ]);
  },
  json: (taken) => ({
    operation_id: taken.operationId,
    outcome: taken.outcome,
    size: taken.size,
    hash: taken.hash,
    origin: taken.origin,
    vkey: taken.vkey,
    key_path: taken.keyPath,
    key_created: taken.keyCreated,
    note: taken.note,
    sinks: taken.sinks.map(({ path, error }) => ({ path, error })),
    audit_seq: taken.audit_seq,
  }),
};

interface CheckpointPlan extends KeyAbout {
  readonly size: number;
  readonly paths: readonly string[];
}

/** `audit checkpoint --dry-run`. */
export const checkpointPlan: Renderer<CheckpointPlan> = {
  text: ({ size, keyPath, keyCreated, paths }) =>
    joinLines([
      keyCreated ? line`would make the key ${clean(keyPath)}` : line`would sign with ${clean(keyPath)}`,
      line`would sign the audit log, which ends at ${size}, after a row that names the key`,
      ...paths.map((path) => line`would append to ${clean(path)}`),
    ]),
  json: ({ size, keyPath, keyCreated, paths }) => ({
    dry_run: true,
    count: 1,
    size,
    key_path: keyPath,
    key_created: keyCreated,
    sinks: paths,
  }),
};
