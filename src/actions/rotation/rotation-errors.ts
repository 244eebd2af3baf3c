import type { NotActivated, NotPrepared } from '../../db/kernel-rotation.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { isoTime } from '../../domain/stored-time.js';

const again = 'keyctl rotate status';

/** Why a key could not be rotated, with what to do instead; nothing was changed for it. */
export function notPreparedError(why: NotPrepared, operationId: string): KeyctlError {
  const refused = (code: string, message: string, hint: string) =>
    new KeyctlError({ code, message, hint, exitCode: exitCodes.state, operationId });
  const id = why.key_id;
  switch (why.outcome) {
    case 'not_found':
      return new KeyctlError({
        code: 'not_found',
        message: `${id} is not known any more`,
        exitCode: exitCodes.notFound,
        operationId,
      });
    case 'busy':
      return refused('busy', `${id} is being changed by somebody else at this moment`, again);
    case 'not_due':
      return refused('not_due', `${id} is not due (any more)`, 'keyctl keys list --due');
    case 'already_replaced': {
      const successor = why.successor_id ?? 'another key';
      return refused(
        'already_replaced',
        `${id} is replaced already, by ${successor}`,
        why.successor_id === null ? again : `to rotate its successor: keyctl rotate ${successor}`,
      );
    }
    case 'version_changed':
      return refused(
        'version_changed',
        `${id} is version ${why.version} by now`,
        `keyctl keys lineage ${id}`,
      );
    case 'not_active':
      return refused(
        'not_active',
        `${id} is ${why.status}: it never was usable`,
        `keyctl rotate status ${id}, or keyctl revoke ${id}`,
      );
    case 'pending_open':
      return refused(
        'rotation_open',
        `a rotation of ${id} is under way: ${why.rotation_id}, since ${isoTime(why.prepared_at)} by ${why.prepared_by}`,
        `keyctl rotate resume ${why.rotation_id} finishes it, keyctl rotate abort ${why.rotation_id} gives it up; --force gives it up for this one`,
      );
    case 'grace_open':
      if (why.commit_pending === true) return notInPlace(why, operationId);
      return refused(
        'grace_open',
        `${why.open_key_id}, an older key of this family, is still usable${why.grace_ends_at === null ? '' : ` until ${isoTime(why.grace_ends_at)}`}: a family has at most two usable keys`,
        `keyctl rotate finalize ${why.rotation_id ?? why.open_key_id} ends it, or --force, which ends it with this rotation`,
      );
    case 'in_use':
      return refused(
        'in_use',
        `${id} was used (last ${isoTime(why.last_used_at)}), so somebody holds its secret: it is not lost`,
        `keyctl rotate ${id}`,
      );
    case 'refused':
      return why.usage
        ? new KeyctlError({ code: 'usage', message: why.message, exitCode: exitCodes.usage, operationId })
        : refused('refused', why.message, `keyctl rotate ${id} --expires 90d`);
  }
}

/** Whatever the force: the old key is what stands in the env file, or what the service still uses. */
function notInPlace(
  { open_key_id: openId, rotation_id: rotationId }: Extract<NotPrepared, { outcome: 'grace_open' }>,
  operationId: string,
): KeyctlError {
  return new KeyctlError({
    code: 'grace_open',
    message: `${openId}, an older key of this family, is what works in its places: the delivery of its successor was never finished`,
    hint: `keyctl rotate resume ${rotationId ?? openId} finishes it; if that secret is lost, keyctl rotate reissue ${rotationId ?? openId}`,
    exitCode: exitCodes.state,
    operationId,
  });
}

/** Why a staged successor could not be activated; the old key is as it was. */
export function notActivatedError(why: NotActivated, keyId: string, operationId: string): KeyctlError {
  const words: Record<NotActivated['outcome'], string> = {
    not_found: 'its rotation is not known any more',
    already_activated: 'its successor was activated by somebody else, from another delivery',
    aborted: 'its rotation was aborted meanwhile',
    already_replaced: 'another key replaced it meanwhile',
    grace_open: 'an older key of its family is still usable (rotate status says which, and what to do)',
  };
  return new KeyctlError({
    code: why.outcome === 'grace_open' ? 'grace_open' : 'not_activated',
    message: `${keyId} was not rotated: ${words[why.outcome]}; what was staged was taken back`,
    hint: `keyctl rotate status ${keyId}`,
    exitCode: exitCodes.state,
    operationId,
  });
}

/** An earlier run of this operation prepared a successor, and its secret is nowhere to be found. */
export function secretLostError(rotationId: string, operationId: string): KeyctlError {
  return new KeyctlError({
    code: 'secret_lost',
    message: `${rotationId} was prepared by an earlier run that did not get to activating it, and no sink given here holds its secret; nothing was activated, the old key is as it was`,
    hint: `unless that run is still at it: keyctl rotate abort ${rotationId} --reason "cut off before delivery", then rotate again`,
    exitCode: exitCodes.undelivered,
    operationId,
  });
}

export function abortedBeforeError(rotationId: string, operationId: string): KeyctlError {
  return new KeyctlError({
    code: 'undelivered',
    message: `this operation prepared ${rotationId} before, and it was aborted without ever being active`,
    hint: 'run this without --operation-id to rotate again',
    exitCode: exitCodes.undelivered,
    operationId,
  });
}

export function noDestinationError(keyId: string, operationId: string): KeyctlError {
  return new KeyctlError({
    code: 'no_destination',
    message: `there is no place for the secret of the successor of ${keyId}; nothing was minted for it`,
    hint: 'add its name, prefix or owner to the map, or a line for *',
    exitCode: exitCodes.undelivered,
    operationId,
  });
}

/** The successor of an unfinished rotation died meanwhile: replaced by a reissue, or revoked. */
export function successorDeadError(
  {
    rotation_id: id,
    new_key_id: key,
    new_status: status,
  }: { rotation_id: string; new_key_id: string; new_status: string },
  operationId: string,
): KeyctlError {
  return new KeyctlError({
    code: 'successor_dead',
    message: `${key}, the successor of ${id}, is ${status}: its secret is not put anywhere any more`,
    hint: `keyctl keys lineage ${key}`,
    exitCode: exitCodes.state,
    operationId,
  });
}
