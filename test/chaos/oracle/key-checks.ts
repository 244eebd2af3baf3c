import type { Facts, KeyFact } from './facts.js';

/** A check answers what is wrong, a sentence each; an empty list is a clean bill. */
export type Violations = readonly string[];

/** @param lived families that had a usable key at an earlier look */
export function familiesWithoutKey({ keys }: Facts, lived: ReadonlySet<string>): Violations {
  const living = new Set(keys.filter((key) => key.usable).map((key) => key.familyId));
  return [...lived]
    .filter((family) => !living.has(family))
    .map((family) => `${family} has no usable key left`);
}

/** @param held ids of keys whose secrets were found somewhere and prove the stored verifier */
export function liveKeysHeldByNobody({ keys }: Facts, held: ReadonlySet<string>): Violations {
  return keys
    .filter((key) => key.usable && key.status === 'active' && !held.has(key.id))
    .map(
      (key) => `${key.id} (version ${key.version} of ${key.familyId}) is live, and nobody holds its secret`,
    );
}

export function tooManyOfAFamily({ keys }: Facts): Violations {
  const wrong: string[] = [];
  for (const [family, members] of grouped(keys, (key) => key.familyId)) {
    const count = (holds: (key: KeyFact) => boolean) => members.filter(holds).length;
    const active = count((key) => key.status === 'active');
    const pending = count((key) => key.status === 'pending');
    const usable = count((key) => key.usable);
    if (active > 1) wrong.push(`${family} has ${active} active keys`);
    if (pending > 1) wrong.push(`${family} has ${pending} pending keys`);
    if (usable > 2) wrong.push(`${family} has ${usable} usable keys`);
    const versions = new Set(members.map((key) => key.version));
    if (versions.size < members.length) wrong.push(`${family} gives a version twice`);
  }
  return wrong;
}

export function successorsThatAreNotOne({ keys, rotations }: Facts): Violations {
  const wrong: string[] = [];
  const byId = new Map(keys.map((key) => [key.id, key]));
  for (const [old, successors] of grouped(
    keys.filter((key) => key.replaces !== null),
    (key) => key.replaces,
  )) {
    if (successors.length > 1) wrong.push(`${old} has ${successors.length} successors`);
  }
  for (const key of keys) {
    const successor = key.replacedBy === null ? null : byId.get(key.replacedBy);
    if (successor === undefined || (successor !== null && successor.replaces !== key.id))
      wrong.push(`${key.id} names ${key.replacedBy} as its successor, which does not name it`);
  }
  for (const [old, activated] of grouped(
    rotations.filter((rotation) => rotation.activated),
    (each) => each.oldKeyId,
  )) {
    if (activated.length > 1) wrong.push(`${old} was rotated ${activated.length} times`);
    const [rotation] = activated;
    if (rotation !== undefined && byId.get(rotation.oldKeyId)?.replacedBy !== rotation.newKeyId)
      wrong.push(`${rotation.id} is active, but ${rotation.newKeyId} does not replace ${rotation.oldKeyId}`);
  }
  return wrong;
}

/** The kernel's decision is read here for the only time: to be compared with what the columns say. */
export function decisionsThatDiffer({ keys }: Facts): Violations {
  return keys
    .filter((key) => key.usable !== (key.decision === 'ok'))
    .map(
      (key) =>
        `${key.id} is ${key.usable ? '' : 'not '}usable by its columns, and the kernel decides ${key.decision}`,
    );
}

export function grouped<T, K>(items: readonly T[], by: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(by(item), [...(groups.get(by(item)) ?? []), item]);
  return groups;
}
