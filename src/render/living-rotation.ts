import type { LivingRotation } from '../db/reads/living-rotations.js';
import { ago } from '../domain/instant.js';
import { labelled } from './labelled.js';
import type { Json, View } from './renderer.js';
import { clean, line, type Safe } from './terminal-text.js';

/** The rotations of a family that are under way, a line each: who takes over from whom, and until when. */
export function livingRotationLines(rotations: readonly LivingRotation[], view: View): Safe[] {
  return rotations.map((rotation) => labelled(line`rotating`, rotationText(rotation, view), view));
}

export function livingRotationRecord(rotation: LivingRotation): Json {
  return {
    rotation_id: rotation.rotationId,
    state: rotation.state,
    old_key_id: rotation.oldKeyId,
    new_key_id: rotation.newKeyId,
    grace_ends_at: rotation.graceEndsAt,
    commit_pending: rotation.commitPending,
  };
}

function rotationText(rotation: LivingRotation, { style, now }: View): Safe {
  const { rotationId, state, oldKeyId, newKeyId, graceEndsAt: end, commitPending } = rotation;
  const id = clean(rotationId);
  const keys = line`${clean(newKeyId)} for ${clean(oldKeyId)}`;
  if (state === 'pending') return line`${id} is pending: ${keys}, which works on until then`;
  const until =
    end === null
      ? line`kept until the next rotation`
      : line`usable until ${clean(end)} (${clean(ago(new Date(end), now))})`;
  const unplaced = commitPending
    ? style.danger(line`; ${style.sign.danger} the new secret is not in its place yet`)
    : line``;
  return line`${id} is open: ${keys}, which is ${until}${unplaced}`;
}
