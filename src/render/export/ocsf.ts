import type { ExportedEntry } from '../../db/reads/export-rows.js';
import { isoMicros } from '../../domain/stored-time.js';
import { ndjsonLine } from '../json-text.js';
import { keyChangeOf } from './key-change.js';
import { activities, meaningOf, severities } from './ocsf-activity.js';

/** Whose record it is and who writes it. */
export interface ExportOrigin {
  readonly databaseId: string;
  /** Of this program. */
  readonly version: string;
}

const categoryUid = 3;
const classUid = 3004;
const classCaption = 'Entity Management';

type Attributes = Readonly<Record<string, unknown>>;

/** One event a line; see `ocsfEvent`. */
export function ocsfLine(entry: ExportedEntry, origin: ExportOrigin): string {
  return ndjsonLine(ocsfEvent(entry, origin));
}

/**
 * A row of the audit log as an event of OCSF 1.3.0, class Entity Management (events/iam/entity_management.json of the tag 1.3.0). All
 * rows of one rotation share `metadata.correlation_uid`; other rows those of their incident, or of their operation.
 * Attributes without a value are left out, because OCSF knows no null.
 */
export function ocsfEvent(entry: ExportedEntry, origin: ExportOrigin): Attributes {
  const { activity, severity } = meaningOf(entry.action);
  const activityId = activities[activity];
  const { entity, result } = entitiesOf(entry);
  return present({
    category_uid: categoryUid,
    category_name: 'Identity & Access Management',
    class_uid: classUid,
    class_name: classCaption,
    activity_id: activityId,
    activity_name: activity === 'Other' ? entry.action : activity,
    type_uid: classUid * 100 + activityId,
    type_name: `${classCaption}: ${activity}`,
    severity_id: severities[severity],
    severity,
    status_id: 1,
    status: 'Success',
    time: Date.parse(isoMicros(entry.at)),
    timezone_offset: 0,
    message: [entry.action, entry.keyId, 'by', entry.actorDb].filter((part) => part !== null).join(' '),
    comment: entry.reason,
    metadata: metadataOf(entry, origin),
    entity,
    entity_result: result,
    actor: actorOf(entry),
    src_endpoint: endpointOf(entry.host),
    unmapped: unmappedOf(entry),
  });
}

function metadataOf(entry: ExportedEntry, { databaseId, version }: ExportOrigin): Attributes {
  return {
    version: '1.3.0',
    product: { name: 'keyctl', vendor_name: 'keyctl', version },
    uid: `${databaseId}/${entry.seq}`,
    correlation_uid: keyChangeOf(entry).rotationId ?? entry.incidentId ?? entry.operationId,
    event_code: entry.action,
    log_name: 'keyctl.audit_log',
    log_provider: 'keyctl',
    original_time: isoMicros(entry.at),
    sequence: entry.seq,
  };
}

/** The key, policy or other thing that was changed, and what came of it: the successor, where there is one. */
function entitiesOf(entry: ExportedEntry): { entity: Attributes; result: Attributes | null } {
  const { keyId, details } = entry;
  const { newKeyId, newFingerprint, oldFingerprint } = keyChangeOf(entry);
  if (keyId === null) return { entity: otherEntity(entry), result: null };
  const fingerprint = oldFingerprint ?? entry.fingerprint;
  const old = keyEntity({ uid: keyId, name: entry.keyName, version: entry.keyVersion, fingerprint });
  if (newKeyId === null)
    return { entity: { ...old, data: present({ fingerprint, ...details }) }, result: null };
  const successor = keyEntity({ uid: newKeyId, name: null, version: null, fingerprint: newFingerprint });
  // What is created is the successor; the old key is what it replaces.
  return entry.action === 'rotation.prepared' || entry.action === 'rotation.aborted'
    ? {
        entity: { ...successor, data: present({ fingerprint: newFingerprint, replaces: keyId }) },
        result: null,
      }
    : { entity: old, result: successor };
}

function keyEntity(key: {
  readonly uid: string;
  readonly name: string | null;
  readonly version: number | null;
  readonly fingerprint: string | null;
}): Attributes {
  const { uid, name, version, fingerprint } = key;
  return present({
    uid,
    name,
    version: version === null ? null : String(version),
    type: 'API Key',
    type_id: 99,
    data: fingerprint === null ? null : { fingerprint },
  });
}

/** What a row without a key is about, by its noun and the first name that it gives. */
function otherEntity({ action, details, answer }: ExportedEntry): Attributes {
  const [noun = ''] = action.split('.');
  const name = [details.name, details.cidr, answer.cidr, details.owner_id, details.user, details.what].find(
    (value) => typeof value === 'string' && value !== '',
  );
  const named = { name: typeof name === 'string' ? name : noun, data: details };
  if (noun === 'policy') return { ...named, type: 'Policy', type_id: 5, policy: { name: named.name } };
  if (noun === 'owner') return { ...named, type: 'User', type_id: 2, user: { uid: named.name } };
  return { ...named, type: noun, type_id: 99 };
}

/** The database's role is certain; the machine's user is what the machine said. A claim is no actor (`unmapped`). */
function actorOf({ actorDb, actorOs }: ExportedEntry): Attributes {
  const user = { name: actorDb, type: 'PostgreSQL role', type_id: 99 };
  return present({ user: present({ ...user, uid_alt: actorOs }), app_name: 'keyctl' });
}

/** OCSF's form of a host name; a host may call itself anything. */
const hostname =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])\.)*(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])$/;

function endpointOf(host: string | null): Attributes | null {
  if (host === null) return null;
  return host.length <= 253 && hostname.test(host) ? { hostname: host } : { name: host };
}

function unmappedOf(entry: ExportedEntry): Attributes {
  return present({
    operation_id: entry.operationId,
    family_id: entry.familyId,
    incident_id: entry.incidentId,
    ticket: entry.ticket,
    actor_claimed: entry.actorClaimed,
    record: entry.record,
    prev_hash: entry.prevHash,
    hash: entry.hash,
  });
}

function present(attributes: Attributes): Attributes {
  const kept: Record<string, unknown> = {};
  for (const name in attributes) {
    const value = attributes[name];
    if (value !== null && value !== undefined) kept[name] = value;
  }
  return kept;
}
