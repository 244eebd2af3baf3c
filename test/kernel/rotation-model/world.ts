/** What the model knows of keys and rotations: DESIGN 4 and 5 in TypeScript, without a database. Times are seconds of its own clock. */
export interface World {
  now: number;
  readonly keys: Map<string, ModelKey>;
  readonly rotations: ModelRotation[];
  /** First outcomes by operation, action and what it was done to. */
  readonly answers: Map<string, string>;
}

type Stored = 'pending' | 'active' | 'retiring' | 'suspended' | 'replaced' | 'revoked';
export type Status = Stored | 'expired';

export interface ModelKey {
  readonly id: string;
  familyId: string;
  version: number;
  stored: Stored;
  isActivated: boolean;
  replaces: string | null;
  replacedBy: string | null;
  usableUntil: number | null;
  expiresAt: number | null;
  retireOn: number | null;
  suspendedFrom: 'active' | 'retiring' | null;
  suspendedUntil: number | null;
  revokedAt: number | null;
  isUsed: boolean;
}

export interface ModelRotation {
  readonly id: string;
  readonly familyId: string;
  readonly oldKeyId: string;
  readonly newKeyId: string;
  readonly kind: 'rotate' | 'reissue' | 'replace';
  /** Null: kept until the next rotation. */
  readonly graceSeconds: number | null;
  readonly compromised: boolean;
  readonly force: boolean;
  readonly preparedAt: number;
  isActivated: boolean;
  isAborted: boolean;
  finalizedAt: number | null;
  commitPending: boolean;
}

/** What a step answers, and the rows that it leaves in the record. */
export interface Step {
  readonly outcome: string;
  readonly rows: readonly string[];
}

export const unchanged = (outcome: string): Step => ({ outcome, rows: [] });
/** SQLSTATEs of the kernel's refusals. */
export const conflict = unchanged('KC409');
export const invalid = unchanged('KC422');

export function newWorld(): World {
  return { now: 0, keys: new Map(), rotations: [], answers: new Map() };
}

export function newKey(id: string, expiresAt: number | null): ModelKey {
  const none = { replaces: null, replacedBy: null, usableUntil: null, retireOn: null, revokedAt: null };
  const free = { suspendedFrom: null, suspendedUntil: null, isUsed: false };
  return { id, familyId: id, version: 1, stored: 'active', isActivated: true, ...none, ...free, expiresAt };
}

export function keyOf({ keys }: World, id: string): ModelKey {
  const key = keys.get(id);
  if (key === undefined) throw new Error(`the model has no ${id}`);
  return key;
}

export function familyOf({ keys }: World, familyId: string): readonly ModelKey[] {
  return [...keys.values()].filter((key) => key.familyId === familyId);
}

/** The first to come of some ends; those that are not set never come. */
export function earliest(...ends: readonly (number | null)[]): number | null {
  const set = ends.filter((end) => end !== null);
  return set.length === 0 ? null : Math.min(...set);
}

export function hasCome(end: number | null, { now }: World): boolean {
  return end !== null && end <= now;
}

export function statusOf(key: ModelKey, world: World): Status {
  if (hasCome(key.revokedAt, world)) return 'revoked';
  if (!key.isActivated) return 'pending';
  if (hasCome(key.usableUntil, world))
    return key.retireOn !== null && key.replacedBy === null ? 'revoked' : 'replaced';
  if (key.stored === 'replaced') return 'replaced';
  if (key.suspendedFrom !== null && !hasCome(key.suspendedUntil, world)) return 'suspended';
  if (hasCome(key.expiresAt, world)) return 'expired';
  return key.replacedBy === null ? 'active' : 'retiring';
}

export function unsuspend(key: ModelKey): void {
  key.suspendedFrom = null;
  key.suspendedUntil = null;
}

/** Dead from then on, by rotation. */
export function replaceAt(key: ModelKey, end: number | null): void {
  key.stored = 'replaced';
  key.usableUntil = end;
  unsuspend(key);
}

/** Its place among operations that ran before; a step that changed something stays what it answered first. */
export function once(world: World, operation: string, what: string, step: () => Step): Step {
  const place = `${operation} ${what}`;
  const first = world.answers.get(place);
  if (first !== undefined) return unchanged(first);
  const done = step();
  if (done.rows.length > 0) world.answers.set(place, done.outcome);
  return done;
}

/** A successor that will never be usable. */
export function abandon(world: World, rotation: ModelRotation): void {
  const key = keyOf(world, rotation.newKeyId);
  key.stored = 'revoked';
  key.revokedAt = world.now;
  rotation.isAborted = true;
}

/** Its successor's secret is not in its place yet: there it is what works. */
export function isNeeded({ rotations }: World, key: ModelKey): boolean {
  return rotations.some((each) => each.oldKeyId === key.id && each.isActivated && each.commitPending);
}
