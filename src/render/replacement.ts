import type { Replacement } from '../actions/rotation/replace-key.js';
import { isoTime } from '../domain/stored-time.js';
import { issuedKey, oldKeyText } from './issued-key.js';
import { labelled } from './labelled.js';
import type { Renderer } from './renderer.js';
import { clean, joinLines, line } from './terminal-text.js';

/** `rotate replace`: the same record as `rotate` prints. */
export const replacement: Renderer<Replacement> = {
  text: (done, view) => {
    const { style } = view;
    const { key } = done.newKey;
    const ended = done.answer.ended.map((each) => each.key_id).join(', ');
    return joinLines([
      style.ok(
        line`${style.sign.ok} ${clean(key.id)}  ${clean(key.name)}  v${key.version}  ${clean(key.status)}`,
      ),
      labelled(line`replaces`, oldKeyText(factsOf(done), view.now), view),
      ...(ended === '' ? [] : [labelled(line`ended with it`, line`${clean(ended)}, an older key`, view)]),
      labelled(line`rotation`, clean(done.answer.rotation_id), view),
      labelled(line`audit`, line`${done.answer.audit_seq}`, view),
    ]);
  },
  json: (done) => ({
    ...(issuedKey.json({ key: issuedOf(done), secret: null, status: 'active' }) as object),
    ended: done.answer.ended.map((each) => ({ key_id: each.key_id, ended_at: isoTime(each.ended_at) })),
  }),
  ids: ({ newKey }) => [newKey.key.id],
};

function factsOf({ answer, oldKey }: Replacement) {
  return {
    rotationId: answer.rotation_id,
    oldKeyId: answer.key_id,
    oldFingerprint: oldKey.key.fingerprint,
    oldKeyStatus: answer.old_key_status,
    graceEndsAt: isoTime(answer.grace_ends_at),
  };
}

function issuedOf(done: Replacement) {
  const { key } = done.newKey;
  return {
    operationId: done.operationId,
    keyId: key.id,
    fingerprint: key.fingerprint ?? '',
    name: key.name,
    version: key.version,
    scopes: key.scopes,
    createdAt: isoTime(key.createdAt),
    expiresAt: isoTime(key.expiresAt),
    deliveredTo: key.deliveredTo,
    auditSeq: done.answer.audit_seq,
    rotation: factsOf(done),
  };
}
