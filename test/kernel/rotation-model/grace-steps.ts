import { activate } from './rotation-steps.js';
import {
  conflict,
  earliest,
  familyOf,
  hasCome,
  invalid,
  keyOf,
  type ModelKey,
  type ModelRotation,
  once,
  type Step,
  statusOf,
  unchanged,
  type World,
} from './world.js';

export function extend(world: World, operation: string, rotation: ModelRotation, graceSeconds: number): Step {
  return once(world, operation, `rotation.extended ${rotation.oldKeyId}`, () => {
    const old = keyOf(world, rotation.oldKeyId);
    const before = earliest(old.usableUntil, old.expiresAt);
    const isOpen = rotation.isActivated && rotation.finalizedAt === null && !rotation.isAborted;
    if (!isOpen || !['retiring', 'suspended'].includes(old.stored) || hasCome(before, world)) return conflict;
    if (rotation.compromised) return conflict;
    const end = earliest(world.now + graceSeconds, old.retireOn, old.expiresAt);
    // A key that is kept until the next rotation has no end that could be later.
    if (before === null || end === null || (end < before && world.now + graceSeconds < before))
      return invalid;
    if (end <= before) return unchanged('unchanged');
    old.usableUntil = end;
    return { outcome: 'extended', rows: ['rotation.extended'] };
  });
}

export interface ReplaceWanted {
  readonly operation: string;
  readonly graceSeconds: number | undefined;
  readonly compromised: boolean;
  readonly force: boolean;
}

/** All or nothing: what its activation would refuse is undone. */
export function replace(world: World, old: ModelKey, next: ModelKey, wanted: ReplaceWanted): Step {
  const { operation, graceSeconds = 86_400, compromised, force } = wanted;
  const first = world.answers.get(`${operation} rotation.activated ${old.id}`);
  if (first !== undefined) return unchanged(first);
  if (old.id === next.id || statusOf(next, world) !== 'active') return conflict;
  if (familyOf(world, next.familyId).length > 1) return conflict;
  if (old.replacedBy !== null || old.stored === 'replaced' || !old.isActivated) return conflict;
  if (familyOf(world, old.familyId).some((key) => key.stored === 'pending')) return conflict;
  const before = { ...next };
  const version = Math.max(...familyOf(world, old.familyId).map((key) => key.version)) + 1;
  const joined = { familyId: old.familyId, version, stored: 'pending', isActivated: false } as const;
  Object.assign(next, joined, { suspendedFrom: null, suspendedUntil: null });
  const rotation: ModelRotation = {
    ...{
      id: `rot_${next.id.slice(4)}`,
      familyId: old.familyId,
      oldKeyId: old.id,
      newKeyId: next.id,
      kind: 'replace',
    },
    ...{ graceSeconds: compromised ? 0 : graceSeconds, compromised, force, preparedAt: world.now },
    ...{ isActivated: false, isAborted: false, finalizedAt: null, commitPending: false },
  };
  world.rotations.push(rotation);
  const step = activate(world, operation, rotation, false);
  if (step.outcome === 'activated') return step;
  world.rotations.pop();
  Object.assign(next, before);
  return conflict;
}
