import { describe, expect, it } from 'vitest';
import { ocsfEvent, ocsfLine } from '../../../src/render/export/ocsf.js';
import { entityManagement, faultsOf } from './ocsf-class.js';
import { entry, origin, payloads } from './payloads.js';

const actions = [
  ...['key.created', 'key.activated', 'key.updated', 'key.suspended', 'key.resumed', 'key.revoked'],
  ...['key.replaced', 'key.retirement_planned', 'key.reviewed', 'key.imported', 'key.exposed'],
  ...['rotation.prepared', 'rotation.activated', 'rotation.committed', 'rotation.extended'],
  ...['rotation.finalized', 'rotation.aborted', 'ip.blocked', 'ip.unblocked', 'policy.set'],
  ...['owner.exported', 'owner.forgotten', 'audit.exported', 'audit.checkpointed', 'db.ingested'],
  ...['db.migrated', 'db.role_granted', 'finding.opened', 'incident.opened', 'incident.closed', 'thing.done'],
  ...[
    'incident.reopened',
    'incident.attempts_seen',
    'incident.acknowledged',
    'incident.contained',
    'incident.noted',
  ],
  ...['incident.key_linked', 'incident.step_finished', 'incident.time_corrected', 'finding.escalated'],
];

const rotation = { rotation_id: 'rot_bbbbbbbbbbbb', new_key_id: 'key_bbbbbbbbbbbb' };
const prepared = entry({
  seq: 8,
  action: 'rotation.prepared',
  details: { successor: { id: 'key_bbbbbbbbbbbb', fingerprint: 'sha256:02' }, old_fingerprint: 'sha256:01' },
  answer: rotation,
});
const activated = entry({
  seq: 9,
  action: 'rotation.activated',
  details: { ...rotation, old_fingerprint: 'sha256:01', new_fingerprint: 'sha256:02' },
});

describe('a row of the audit log as an event of OCSF 1.3.0, class 3004', () => {
  it.each(actions)('%s fits the published class, field by field', (action) => {
    for (const keyId of ['key_7Q2mK9xZab3d', null]) {
      const event = JSON.parse(
        ocsfLine(entry({ action, keyId, details: { name: 'x', cidr: '192.0.2.0/24' } }), origin),
      );
      expect(faultsOf(event)).toEqual([]);
      expect(event.type_uid).toBe(event.class_uid * 100 + event.activity_id);
    }
  });

  it.each([prepared, activated])('a rotation fits it too', (row) => {
    expect(faultsOf(JSON.parse(ocsfLine(row, origin)))).toEqual([]);
  });

  it('says all that the class recommends and a row knows', () => {
    expect(ocsfEvent(entry({ ticket: 'OPS-1', incidentId: 'INC-4', actorClaimed: 'bob' }), origin)).toEqual({
      category_uid: 3,
      category_name: 'Identity & Access Management',
      class_uid: 3004,
      class_name: 'Entity Management',
      activity_id: 4,
      activity_name: 'Delete',
      type_uid: 300_404,
      type_name: 'Entity Management: Delete',
      severity_id: 3,
      severity: 'Medium',
      status_id: 1,
      status: 'Success',
      time: Date.parse('2026-11-21T09:12:13.551Z'),
      timezone_offset: 0,
      message: 'key.revoked key_7Q2mK9xZab3d by ops',
      comment: 'leaked in acme/app',
      metadata: {
        version: '1.3.0',
        product: { name: 'keyctl', vendor_name: 'keyctl', version: '1.2.3' },
        uid: `${origin.databaseId}/7`,
        correlation_uid: 'INC-4',
        event_code: 'key.revoked',
        log_name: 'keyctl.audit_log',
        log_provider: 'keyctl',
        original_time: '2026-11-21T09:12:13.551105Z',
        sequence: 7,
      },
      entity: {
        uid: 'key_7Q2mK9xZab3d',
        name: 'alice-prod',
        version: '2',
        type: 'API Key',
        type_id: 99,
        data: { fingerprint: 'sha256:0011223344556677' },
      },
      actor: {
        user: { name: 'ops', type: 'PostgreSQL role', type_id: 99, uid_alt: 'jdoe' },
        app_name: 'keyctl',
      },
      src_endpoint: { hostname: 'bastion-1' },
      unmapped: {
        operation_id: entry().operationId,
        family_id: 'key_7Q2mK9xZab3d',
        incident_id: 'INC-4',
        ticket: 'OPS-1',
        actor_claimed: 'bob',
        record: '{}',
        prev_hash: entry().prevHash,
        hash: entry().hash,
      },
    });
  });

  it('the two halves of a rotation share their correlation and name both keys', () => {
    const [first, second] = [ocsfEvent(prepared, origin), ocsfEvent(activated, origin)];
    expect(first).toMatchObject({
      activity_id: 1,
      metadata: { correlation_uid: 'rot_bbbbbbbbbbbb' },
      entity: { uid: 'key_bbbbbbbbbbbb', data: { fingerprint: 'sha256:02', replaces: 'key_7Q2mK9xZab3d' } },
    });
    expect(second).toMatchObject({
      activity_id: 3,
      metadata: { correlation_uid: 'rot_bbbbbbbbbbbb' },
      entity: { uid: 'key_7Q2mK9xZab3d', data: { fingerprint: 'sha256:01' } },
      entity_result: { uid: 'key_bbbbbbbbbbbb', data: { fingerprint: 'sha256:02' } },
    });
  });

  it.each(payloads)('keeps in its value: %s', (_trick, text) => {
    const hit = entry({
      reason: text,
      host: text,
      actorDb: text,
      actorOs: text,
      keyName: text,
      record: text,
    });
    const line = ocsfLine(hit, origin);
    expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
    const event = JSON.parse(line);
    expect(faultsOf(event)).toEqual([]);
    expect(event).toMatchObject({ comment: text, unmapped: { record: text }, entity: { name: text } });
    expect(Object.keys(event).toSorted()).toEqual(Object.keys(ocsfEvent(entry(), origin)).toSorted());
  });
});

/** A table that refuses nothing proves nothing. */
describe('the class as the test knows it', () => {
  const good = () => ocsfEvent(activated, origin);
  it.each<[fault: string, change: Record<string, unknown>]>([
    ['activity_id: not in its enum: 14', { activity_id: 14 }],
    ['activity_id: not in its enum: undefined', { activity_id: undefined }],
    ['time: no timestamp: "2026-11-21"', { time: '2026-11-21' }],
    ['entity: no object', { entity: 'key_7Q2mK9xZab3d' }],
    ['entity: none of name, uid, device, group, org, policy, user', { entity: { type_id: 99 } }],
    ['metadata.product: missing', { metadata: { version: '1.3.0' } }],
    ['metadata.product.vendor_name: missing', { metadata: { version: '1.3.0', product: { name: 'x' } } }],
    ['verdict: not in the class', { verdict: 'x' }],
    ['comment: no string: null', { comment: null }],
    ['src_endpoint.hostname: no hostname: "a b"', { src_endpoint: { hostname: 'a b' } }],
    ['device: not in the class', { device: { hostname: 'x' } }],
  ])('refuses: %s', (fault, change) => {
    expect(faultsOf(good())).toEqual([]);
    expect(faultsOf({ ...good(), ...change })).toContain(fault);
  });

  it('asks for each attribute that is required', () => {
    const names = Object.entries(entityManagement.attributes)
      .filter(([, { requirement }]) => requirement === 'required')
      .map(([name]) => name);
    expect(names.toSorted()).toEqual(
      [
        ...[
          'activity_id',
          'category_uid',
          'class_uid',
          'entity',
          'metadata',
          'severity_id',
          'time',
          'type_uid',
        ],
      ].toSorted(),
    );
    for (const name of names) {
      const { [name]: _gone, ...rest } = good();
      expect(faultsOf(rest)).toContain(`${name}: missing`);
    }
  });
});
