import type { IssuedKey, RotationFacts } from '../actions/delivery/sink.js';
import { formatDuration } from '../domain/duration.js';
import type { Secret } from '../domain/secret.js';
import { labelled } from './labelled.js';
import type { Renderer, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface Issued {
  readonly key: IssuedKey;
  /** Only for the sink that prints it (`--deliver stdout`); null everywhere else. */
  readonly secret: Secret | null;
  /** As it stands: `active`, or what became of an earlier run's key. */
  readonly status: string;
}

/** What `keys create` answers; the fields of a rotation are null in it. */
export const issuedKey: Renderer<Issued> = {
  text: ({ key, status }, view) =>
    joinLines([
      view.style.ok(
        line`${view.style.sign.ok} ${clean(key.keyId)}  ${clean(key.name)}  v${key.version}  ${clean(status)}`,
      ),
      ...details(key, view),
      ...(key.rotation === undefined
        ? []
        : [labelled(line`replaces`, oldKeyText(key.rotation, view.now), view)]),
      labelled(line`delivered`, line`to ${clean(key.deliveredTo.join(', '))}`, view),
      labelled(line`audit`, line`${key.auditSeq}`, view),
    ]),
  json: ({ key, secret }) => ({
    operation_id: key.operationId,
    key_id: key.keyId,
    key: secret?.reveal() ?? null,
    fingerprint: key.fingerprint,
    name: key.name,
    version: key.version,
    scopes: key.scopes,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    delivered_to: key.deliveredTo,
    audit_seq: key.auditSeq,
    ...rotationJson(key.rotation),
  }),
  ids: ({ key }) => [key.keyId],
};

/** The fields of a rotation; all null for a key that replaces none. */
function rotationJson(rotation: RotationFacts | undefined) {
  return {
    rotation_id: rotation?.rotationId ?? null,
    old_key_id: rotation?.oldKeyId ?? null,
    old_fingerprint: rotation?.oldFingerprint ?? null,
    old_key_status: rotation?.oldKeyStatus ?? null,
    grace_ends_at: rotation?.graceEndsAt ?? null,
  };
}

/** The old key and until when it is usable: never left unsaid. */
export function oldKeyText(rotation: RotationFacts, now: Date): Safe {
  const { oldKeyId, oldKeyStatus, graceEndsAt } = rotation;
  const key = clean(oldKeyId);
  if (oldKeyStatus === 'revoked') return line`${key}: revoked, as it was`;
  if (oldKeyStatus !== 'retiring') return line`${key}: dead from now on, no grace`;
  if (graceEndsAt === null) return line`${key}: usable until the next rotation`;
  // To the minute: "23 h 59 m" a moment after 24 hours were given would only make people wonder.
  const seconds = Math.max(0, (new Date(graceEndsAt).getTime() - now.getTime()) / 1000);
  const left = seconds < 120 ? seconds : Math.ceil(seconds / 60) * 60;
  return line`${key}: usable until ${clean(graceEndsAt)}, ${clean(formatDuration(left))} from now`;
}

/** What a person sees before the key is active: everything about it, and its only showing, alone on its line. */
export function keyShowing(key: IssuedKey, secret: Secret, view: View): Safe {
  return joinLines([
    line`${view.style.strong(clean(key.keyId))}  ${clean(key.name)}  v${key.version}`,
    ...details(key, view),
    line``,
    clean(secret.reveal()),
    line``,
    view.style.warning(line`This is its only showing: keyctl keeps a verifier, not the key.`),
  ]);
}

/** The line after it; of a successor also what became of the old key. */
export function nowActive(key: IssuedKey, view: View): Safe {
  const active = view.style.ok(line`${view.style.sign.ok} active · audit ${key.auditSeq}`);
  if (key.rotation === undefined) return active;
  return joinLines([active, labelled(line`replaces`, oldKeyText(key.rotation, view.now), view)]);
}

function details(key: IssuedKey, view: View): Safe[] {
  const scopes = key.scopes.length === 0 ? 'none' : key.scopes.join(', ');
  return [
    labelled(line`scopes`, clean(scopes), view),
    labelled(line`expires`, clean(key.expiresAt ?? 'never'), view),
    labelled(line`fingerprint`, clean(key.fingerprint), view),
  ];
}
