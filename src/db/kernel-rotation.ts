import { sql } from 'drizzle-orm';
import { answer, type Change, type ChangeAnswer, type Executor, json, textList, who } from './kernel.js';
import type { NewKey } from './kernel-keys.js';

/** The typed calls of the kernel that make up a rotation (DESIGN 5); see `kernel.ts`. */

/** A key to be rotated, in the version that was seen, with what was minted for its successor. */
export interface PrepareItem {
  readonly keyId: string;
  readonly version: number;
  readonly successor: NewKey;
  /** Names of the sinks that the secret is going to. */
  readonly deliverTo: readonly string[];
}

export interface PrepareOptions {
  /** Null or absent: as the key's policy says, else a day. */
  readonly grace_seconds?: number;
  readonly keep_previous?: boolean;
  readonly compromised?: boolean;
  readonly force?: boolean;
  readonly expires_at?: string;
  readonly expires_in_seconds?: number;
  readonly kind?: 'rotate' | 'reissue';
  /** A pending successor older than an hour may be given up: the caller found its secret nowhere. */
  readonly abandon_dead?: boolean;
  /** Decide again that each is due, and skip what another run holds. */
  readonly due?: boolean;
  readonly older_than_seconds?: number;
}

export type RotationState = 'pending' | 'open' | 'finalized' | 'aborted';

export interface Prepared {
  readonly outcome: 'prepared';
  readonly rotation_id: string;
  readonly key_id: string;
  readonly new_key_id: string;
  readonly version: number;
  readonly name: string;
  readonly fingerprint: string;
  readonly scopes: readonly string[];
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly old_fingerprint: string | null;
  readonly old_status: string;
  /** Null: the old key is kept until the next rotation. */
  readonly grace_seconds: number | null;
  /** The dead pending successor that was given up for this one. */
  readonly abandoned: string | null;
  readonly audit_seq: number;
  readonly repeated: boolean;
  readonly state: RotationState;
  /** What becomes of the old key; when this operation ran before, how it stands now. */
  readonly old_key_status: string;
  readonly grace_ends_at: string | null;
  /** The rest only when this operation ran before. */
  readonly new_status?: string;
  readonly delivered_to?: readonly string[];
  readonly commit_pending?: boolean;
}

/** Why a key was not prepared; nothing was changed for it. */
export type NotPrepared = { readonly key_id: string; readonly name?: string; readonly audit_seq: null } & (
  | { readonly outcome: 'not_found' | 'busy' | 'not_due' }
  | { readonly outcome: 'already_replaced'; readonly successor_id: string | null }
  | { readonly outcome: 'version_changed'; readonly version: number }
  | { readonly outcome: 'not_active'; readonly status: string }
  | {
      readonly outcome: 'pending_open';
      readonly rotation_id: string;
      readonly new_key_id: string;
      readonly prepared_at: string;
      readonly prepared_by: string;
      readonly age_seconds: number;
      /** Older than an hour: the run that made it is taken for dead. */
      readonly dead: boolean;
    }
  | {
      readonly outcome: 'grace_open';
      readonly open_key_id: string;
      readonly grace_ends_at: string | null;
      readonly rotation_id: string | null;
      /** The secret that replaces it is not in its place yet: what stands there is the old one. */
      readonly commit_pending?: boolean;
    }
  | { readonly outcome: 'in_use'; readonly last_used_at: string }
  | { readonly outcome: 'refused'; readonly message: string; readonly usage: boolean }
);

/** Registers pending successors, at most 100 in one statement; answers in the order of the items. */
export async function rotatePrepare(
  db: Executor,
  change: Change,
  input: { items: readonly PrepareItem[]; options: PrepareOptions; reason: string },
): Promise<readonly (Prepared | NotPrepared)[]> {
  const items = input.items.map(({ keyId, version, successor, deliverTo }) => ({
    key_id: keyId,
    version,
    id: successor.id,
    prefix: successor.prefix,
    salt: successor.saltHex,
    verifier: successor.verifierHex,
    hash_scheme: successor.hashScheme,
    fingerprint: successor.fingerprint,
    deliver_to: deliverTo,
  }));
  return await outcomes(
    answer(
      db,
      sql`select keyctl.rotate_prepare(${who(change)}, ${json(items)}, ${json(input.options)}, ${input.reason}) as answer`,
    ),
  );
}

export interface ActivateItem {
  readonly rotationId: string;
  readonly deliveredTo: readonly string[];
  /** A sink changes something in use at its commit: a key without grace stays usable until `rotateCommit`. */
  readonly inPlace: boolean;
}

export interface Activated {
  readonly outcome: 'activated';
  readonly rotation_id: string;
  readonly key_id: string;
  readonly new_key_id: string;
  readonly activated_at: string;
  readonly old_key_status: string;
  /** Null: the old key is dead already, or (status `retiring`) kept until the next rotation. */
  readonly grace_ends_at: string | null;
  readonly grace_seconds: number | null;
  readonly commit_pending: boolean;
  /** Older keys of the family whose time ended with this. */
  readonly ended: readonly { readonly key_id: string; readonly ended_at: string }[];
  readonly audit_seq: number;
  readonly repeated: boolean;
}

/** Why a rotation was not activated; nothing was changed for it. */
export type NotActivated = {
  readonly rotation_id: string;
  readonly key_id?: string;
  readonly audit_seq: null;
} & (
  | { readonly outcome: 'not_found' }
  | { readonly outcome: 'already_activated'; readonly activated_at: string }
  | { readonly outcome: 'aborted'; readonly new_status: string }
  | { readonly outcome: 'already_replaced'; readonly successor_id: string }
  | {
      readonly outcome: 'grace_open';
      readonly open_key_id: string;
      readonly grace_ends_at: string | null;
      readonly commit_pending?: boolean;
    }
);

/** Makes prepared successors usable, at most 100 in one statement; answers in the order of the items. */
export async function rotateActivate(
  db: Executor,
  change: Change,
  input: { items: readonly ActivateItem[] },
): Promise<readonly (Activated | NotActivated)[]> {
  const items = input.items.map(({ rotationId, deliveredTo, inPlace }) => ({
    rotation_id: rotationId,
    delivered_to: deliveredTo,
    in_place: inPlace,
  }));
  return await outcomes(
    answer(db, sql`select keyctl.rotate_activate(${who(change)}, ${json(items)}) as answer`),
  );
}

export interface CommitOutcome {
  readonly outcome: 'committed' | 'already_committed' | 'not_found' | 'not_active';
  readonly rotation_id: string;
  /** Of `committed` only. */
  readonly old_key_status?: string;
  readonly grace_ends_at?: string | null;
  readonly finalized_at?: string | null;
}

/** Notes that the new secrets stand in their places; old keys without grace end now. */
export async function rotateCommit(
  db: Executor,
  change: Change,
  input: { rotationIds: readonly string[] },
): Promise<readonly CommitOutcome[]> {
  return await outcomes(
    answer(db, sql`select keyctl.rotate_commit(${who(change)}, ${textList(input.rotationIds)}) as answer`),
  );
}

export interface AbortOutcome {
  readonly outcome: 'aborted' | 'already_aborted' | 'activated' | 'not_found';
  readonly rotation_id: string;
  readonly key_id?: string;
  /** Of `aborted` only. */
  readonly aborted_at?: string;
  readonly audit_seq?: number;
}

/** Gives up rotations that were never activated; their successors are revoked as `abandoned`. */
export async function rotateAbort(
  db: Executor,
  change: Change,
  input: { rotationIds: readonly string[]; reason: string },
): Promise<readonly AbortOutcome[]> {
  return await outcomes(
    answer(
      db,
      sql`select keyctl.rotate_abort(${who(change)}, ${textList(input.rotationIds)}, ${input.reason}) as answer`,
    ),
  );
}

export type FinalizeAnswer = ChangeAnswer & {
  readonly rotation_id: string;
  readonly key_id: string;
  readonly old_key_status: string;
} & (
    | { readonly outcome: 'finalized' | 'already_finalized'; readonly finalized_at: string }
    | {
        readonly outcome: 'not_quiet';
        readonly successor_last_used_at: string | null;
        readonly old_last_used_at: string | null;
        /** Newest event of any key: as far as the log reaches. */
        readonly as_of: string | null;
        /** How long the old key was silent, as far as the log tells; null without any events. */
        readonly quiet_seconds: number | null;
      }
  );

/** @param input.quietSeconds null: end it whatever the log says */
export function rotateFinalize(
  db: Executor,
  change: Change,
  input: { rotationId: string; quietSeconds: number | null },
): Promise<FinalizeAnswer> {
  return answer(
    db,
    sql`select keyctl.rotate_finalize(${who(change)}, ${input.rotationId}, make_interval(secs => ${input.quietSeconds}::double precision)) as answer`,
  );
}

export interface ExtendAnswer extends ChangeAnswer {
  readonly outcome: 'extended' | 'unchanged';
  readonly rotation_id: string;
  readonly key_id: string;
  readonly grace_ends_at: string;
  readonly grace_ended_at_before: string;
}

export function rotateExtend(
  db: Executor,
  change: Change,
  input: { rotationId: string; graceSeconds: number; reason: string },
): Promise<ExtendAnswer> {
  return answer(
    db,
    sql`select keyctl.rotate_extend(${who(change)}, ${input.rotationId}, make_interval(secs => ${input.graceSeconds}::double precision), ${input.reason}) as answer`,
  );
}

/** Makes an existing key the successor of another one. */
export function rotateReplace(
  db: Executor,
  change: Change,
  input: {
    oldKeyId: string;
    newKeyId: string;
    options: Pick<PrepareOptions, 'grace_seconds' | 'compromised' | 'force'>;
    reason: string;
  },
): Promise<Activated> {
  return answer(
    db,
    sql`select keyctl.rotate_replace(${who(change)}, ${input.oldKeyId}, ${input.newKeyId}, ${json(input.options)}, ${input.reason}) as answer`,
  );
}

export interface TidiedKeys {
  readonly finalized: readonly string[];
  readonly retired: readonly string[];
  readonly suspended: readonly string[];
}

/** Writes down what ended by itself, at most `limit` families; asked again until nothing is answered. */
export function retireDue(db: Executor, change: Change, input: { limit: number }): Promise<TidiedKeys> {
  return answer(db, sql`select keyctl.retire_due(${who(change)}, ${input.limit}::int) as answer`);
}

async function outcomes<T>(query: Promise<{ readonly outcomes: readonly T[] }>): Promise<readonly T[]> {
  return (await query).outcomes;
}
