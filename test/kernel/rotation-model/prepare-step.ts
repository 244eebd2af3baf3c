import {
  abandon,
  earliest,
  familyOf,
  hasCome,
  isNeeded,
  keyOf,
  type ModelKey,
  type ModelRotation,
  once,
  type Step,
  statusOf,
  unchanged,
  type World,
} from './world.js';

export interface PrepareWanted {
  readonly operation: string;
  readonly version: number;
  readonly newKeyId: string;
  readonly kind: 'rotate' | 'reissue';
  /** Undefined: as by default. */
  readonly graceSeconds: number | undefined;
  readonly keepsPrevious: boolean;
  readonly compromised: boolean;
  readonly force: boolean;
  readonly abandonsDead: boolean;
}

const hour = 3600;

export function prepare(world: World, key: ModelKey, wanted: PrepareWanted): Step {
  return once(world, wanted.operation, `rotation.prepared ${key.id}`, () => {
    const status = statusOf(key, world);
    if (key.replacedBy !== null || key.stored === 'replaced') return unchanged('already_replaced');
    if (wanted.version !== key.version) return unchanged('version_changed');
    if (!key.isActivated) return unchanged('not_active');
    const lost = pendingOf(world, key.familyId);
    const isDead = lost !== undefined && world.now - lost.preparedAt > hour;
    if (lost !== undefined && !wanted.force && !(wanted.abandonsDead && isDead))
      return unchanged('pending_open');
    const graceSeconds = graceOf(wanted, status);
    if (wanted.kind === 'reissue' && key.isUsed) return unchanged('in_use');
    if ((graceSeconds !== 0 || wanted.force) && hasOpenGrace(world, key, wanted.force))
      return unchanged('grace_open');
    if (hasCome(key.expiresAt, world)) return unchanged('refused');
    if (lost !== undefined) abandon(world, lost);
    const { newKeyId: id, kind, compromised, force } = wanted;
    addSuccessor(world, key, id);
    const { familyId } = key;
    const open = { isActivated: false, isAborted: false, finalizedAt: null, commitPending: false };
    const rotation = {
      id: `rot_${id.slice(4)}`,
      familyId,
      oldKeyId: key.id,
      newKeyId: id,
      preparedAt: world.now,
    };
    world.rotations.push({ ...rotation, kind, graceSeconds, compromised, force, ...open });
    return {
      outcome: 'prepared',
      rows: [...(lost === undefined ? [] : ['rotation.aborted']), 'rotation.prepared'],
    };
  });
}

function addSuccessor(world: World, key: ModelKey, id: string): void {
  world.keys.set(id, {
    ...key,
    ...{ id, version: nextVersion(world, key.familyId), stored: 'pending', isActivated: false },
    ...{ replaces: null, usableUntil: null, retireOn: null, revokedAt: null, isUsed: false },
    ...{ suspendedFrom: null, suspendedUntil: null },
  });
}

function nextVersion(world: World, familyId: string): number {
  return Math.max(...familyOf(world, familyId).map((key) => key.version)) + 1;
}

/** The rotation of a family whose successor may still become usable. */
function pendingOf(world: World, familyId: string): ModelRotation | undefined {
  return world.rotations.find(
    (rotation) =>
      rotation.familyId === familyId &&
      !rotation.isActivated &&
      !rotation.isAborted &&
      keyOf(world, rotation.newKeyId).stored === 'pending',
  );
}

function graceOf(wanted: PrepareWanted, status: string): number | null {
  if (wanted.compromised || wanted.kind === 'reissue' || status !== 'active') return 0;
  if (wanted.keepsPrevious) return null;
  return wanted.graceSeconds ?? 24 * hour;
}

/**
 * One that ends by itself, unless that is forced: a key that is kept until the next rotation makes room for it. And, forced
 * or not, one that is still needed where its successor was to be put.
 */
function hasOpenGrace(world: World, key: ModelKey, force: boolean): boolean {
  return familyOf(world, key.familyId).some(
    (other) =>
      other.id !== key.id &&
      other.replacedBy !== null &&
      ['retiring', 'suspended'].includes(statusOf(other, world)) &&
      (isNeeded(world, other) || (!force && earliest(other.usableUntil, other.expiresAt) !== null)),
  );
}
