import type { IssuedKey } from '../actions/delivery/sink.js';
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
    rotation_id: null,
    old_key_id: null,
    old_fingerprint: null,
    old_key_status: null,
    grace_ends_at: null,
  }),
  ids: ({ key }) => [key.keyId],
};

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

/** The line after it. */
export function nowActive(key: IssuedKey, view: View): Safe {
  return view.style.ok(line`${view.style.sign.ok} active · audit ${key.auditSeq}`);
}

function details(key: IssuedKey, view: View): Safe[] {
  const scopes = key.scopes.length === 0 ? 'none' : key.scopes.join(', ');
  return [
    labelled(line`scopes`, clean(scopes), view),
    labelled(line`expires`, clean(key.expiresAt ?? 'never'), view),
    labelled(line`fingerprint`, clean(key.fingerprint), view),
  ];
}
