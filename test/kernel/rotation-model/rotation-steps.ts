import {
  abandon,
  conflict,
  earliest,
  familyOf,
  hasCome,
  isNeeded,
  keyOf,
  type ModelKey,
  type ModelRotation,
  once,
  replaceAt,
  type Step,
  statusOf,
  unchanged,
  unsuspend,
  type World,
} from './world.js';

const hour = 3600;

export function activate(world: World, operation: string, rotation: ModelRotation, inPlace: boolean): Step {
  return once(world, operation, `rotation.activated ${rotation.oldKeyId}`, () => {
    const old = keyOf(world, rotation.oldKeyId);
    const next = keyOf(world, rotation.newKeyId);
    const status = statusOf(old, world);
    if (rotation.isActivated) return unchanged('already_activated');
    if (next.stored !== 'pending') return unchanged('aborted');
    if (old.replacedBy !== null) return unchanged('already_replaced');
    const waits = inPlace && status === 'active' && rotation.kind !== 'reissue';
    const lives = status === 'active' && (rotation.graceSeconds !== 0 || waits);
    const rows: string[] = [];
    if (lives || rotation.force) {
      const older = familyOf(world, old.familyId).find((key) => key.id !== old.id && isRetiring(key));
      const end = older === undefined ? null : earliest(older.usableUntil, older.expiresAt);
      const isLiving = older !== undefined && !hasCome(end, world);
      if (isLiving && ((end !== null && !rotation.force) || isNeeded(world, older)))
        return unchanged('grace_open');
      if (older !== undefined) {
        endOlder(world, older, earliest(end, world.now));
        world.answers.set(`${operation} rotation.finalized ${older.id}`, 'finalized');
        rows.push('rotation.finalized');
      }
    }
    const wasRevoked = old.stored === 'revoked';
    old.replacedBy = next.id;
    if (!wasRevoked && !lives) replaceAt(old, earliest(old.usableUntil, world.now));
    if (!wasRevoked && lives) retire(world, old, rotation);
    next.stored = 'active';
    next.isActivated = true;
    next.replaces = old.id;
    rotation.isActivated = true;
    rotation.commitPending = inPlace;
    if (rotation.kind === 'reissue' && !inPlace) nothingWaits(world, rotation.familyId);
    rotation.finalizedAt = wasRevoked ? old.revokedAt : lives ? null : old.usableUntil;
    return { outcome: 'activated', rows: [...rows, 'rotation.activated'] };
  });
}

function isRetiring(key: ModelKey): boolean {
  return key.stored === 'retiring' || (key.stored === 'suspended' && key.suspendedFrom === 'retiring');
}

function endOlder(world: World, older: ModelKey, end: number | null): void {
  replaceAt(older, end);
  for (const rotation of world.rotations) {
    if (rotation.oldKeyId !== older.id || !rotation.isActivated || rotation.finalizedAt !== null) continue;
    rotation.finalizedAt = end;
    rotation.commitPending = false;
  }
}

/** The end that was told at the preparation stays true, unless a hundredth of the grace went by. */
function retire(world: World, old: ModelKey, rotation: ModelRotation): void {
  const { graceSeconds, compromised, preparedAt } = rotation;
  const isQuick = graceSeconds !== null && world.now - preparedAt < graceSeconds / 100;
  const from = isQuick ? preparedAt : world.now;
  const span = graceSeconds === 0 ? (compromised ? 600 : hour) : graceSeconds;
  old.stored = 'retiring';
  old.usableUntil = earliest(old.usableUntil, span === null ? null : from + span);
  unsuspend(old);
}

export function commit(world: World, operation: string, rotation: ModelRotation): Step {
  return once(world, operation, `rotation.committed ${rotation.oldKeyId}`, () => {
    if (!rotation.isActivated) return unchanged('not_active');
    if (!rotation.commitPending) return unchanged('already_committed');
    const old = keyOf(world, rotation.oldKeyId);
    if (rotation.graceSeconds === 0 && (old.stored === 'retiring' || old.stored === 'suspended')) {
      replaceAt(old, earliest(old.usableUntil, world.now));
      rotation.finalizedAt = old.usableUntil;
    }
    nothingWaits(world, rotation.familyId);
    return { outcome: 'committed', rows: ['rotation.committed'] };
  });
}

function nothingWaits(world: World, familyId: string): void {
  for (const rotation of world.rotations) if (rotation.familyId === familyId) rotation.commitPending = false;
}

export function finalize(world: World, operation: string, rotation: ModelRotation): Step {
  return once(world, operation, `rotation.finalized ${rotation.oldKeyId}`, () => {
    const old = keyOf(world, rotation.oldKeyId);
    const isOver = old.stored === 'revoked' || hasCome(earliest(old.usableUntil, old.expiresAt), world);
    if (rotation.finalizedAt !== null) return unchanged('already_finalized');
    if (!rotation.isActivated || (rotation.commitPending && !isOver)) return conflict;
    if (old.stored !== 'revoked') replaceAt(old, earliest(old.usableUntil, old.expiresAt, world.now));
    rotation.finalizedAt = old.revokedAt ?? old.usableUntil;
    rotation.commitPending &&= isOver;
    return { outcome: 'finalized', rows: ['rotation.finalized'] };
  });
}

export function abort(world: World, operation: string, rotation: ModelRotation): Step {
  const ofTheKey = `${operation} rotation.aborted, of ${rotation.oldKeyId}`;
  if ((world.answers.get(ofTheKey) ?? rotation.id) !== rotation.id) return conflict;
  return once(world, operation, `rotation.aborted ${rotation.id}`, () => {
    if (rotation.isActivated) return unchanged('activated');
    if (rotation.isAborted || keyOf(world, rotation.newKeyId).stored === 'revoked')
      return unchanged('already_aborted');
    abandon(world, rotation);
    world.answers.set(ofTheKey, rotation.id);
    return { outcome: 'aborted', rows: ['rotation.aborted'] };
  });
}
