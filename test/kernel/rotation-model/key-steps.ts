import {
  conflict,
  earliest,
  hasCome,
  type ModelKey,
  once,
  replaceAt,
  type Step,
  statusOf,
  unchanged,
  unsuspend,
  type World,
} from './world.js';

/** What becomes of a single key without a rotation. */
export function suspend(world: World, operation: string, key: ModelKey, seconds: number | null): Step {
  return once(world, operation, `key.suspended ${key.id}`, () => {
    const status = statusOf(key, world);
    if (status === 'suspended') return unchanged('already_suspended');
    if (isOver(status)) return conflict;
    if (key.stored === 'active' || key.stored === 'retiring') key.suspendedFrom = key.stored;
    key.stored = 'suspended';
    key.suspendedUntil = seconds === null ? null : world.now + seconds;
    return { outcome: 'suspended', rows: ['key.suspended'] };
  });
}

export function resume(world: World, operation: string, key: ModelKey): Step {
  return once(world, operation, `key.resumed ${key.id}`, () => {
    const status = statusOf(key, world);
    if (isOver(status)) return conflict;
    if (status !== 'suspended' || key.suspendedFrom === null) return unchanged('not_suspended');
    key.stored = key.suspendedFrom;
    unsuspend(key);
    return { outcome: 'resumed', rows: ['key.resumed'] };
  });
}

export function revoke(world: World, operation: string, key: ModelKey): Step {
  return once(world, operation, `key.revoked ${key.id}`, () => {
    if (key.stored === 'revoked') return unchanged('already_revoked');
    if (key.stored === 'replaced' || statusOf(key, world) === 'replaced')
      return unchanged('already_replaced');
    key.stored = 'revoked';
    key.revokedAt = world.now;
    unsuspend(key);
    return { outcome: 'revoked', rows: ['key.revoked'] };
  });
}

function isOver(status: string): boolean {
  return ['pending', 'revoked', 'replaced'].includes(status);
}

/** Only writes down what is true already: answers the keys whose rotations ended, and those that retired. */
export function retireDue(world: World): Step & { readonly finalized: string[]; readonly retired: string[] } {
  const finalized: string[] = [];
  const retired: string[] = [];
  for (const rotation of world.rotations) {
    const old = world.keys.get(rotation.oldKeyId);
    if (old === undefined || !rotation.isActivated || rotation.finalizedAt !== null) continue;
    const end = old.revokedAt ?? earliest(old.usableUntil, old.expiresAt);
    if (!hasCome(end, world)) continue;
    if (old.stored !== 'revoked' && old.stored !== 'replaced') replaceAt(old, end);
    rotation.finalizedAt = end;
    finalized.push(old.id);
  }
  for (const key of world.keys.values()) {
    const isLiving = key.stored === 'active' || key.stored === 'suspended';
    if (!isLiving || key.replacedBy !== null || !hasCome(key.retireOn, world)) continue;
    key.stored = 'revoked';
    key.revokedAt = key.retireOn;
    unsuspend(key);
    retired.push(key.id);
  }
  const rows = [...finalized.map(() => 'rotation.finalized'), ...retired.map(() => 'key.revoked')];
  return { outcome: 'tidied', rows, finalized, retired };
}
