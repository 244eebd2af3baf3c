import type { OwnerExport } from '../../actions/report/export-owner.js';
import type { OwnersUsage } from '../../db/reads/report-owner.js';
import { isoTime } from '../../domain/stored-time.js';
import { jsonText } from '../json-text.js';
import { keyRecord } from '../key-record.js';
import type { Json, Renderer } from '../renderer.js';
import { clean, joinLines } from '../terminal-text.js';
import { mentionsJson } from './forgotten-owner.js';

/** `keys owner export`: one JSON document in every form, because it is handed to the person, and not read at 3 a.m. */
export const ownerExport: Renderer<OwnerExport> = {
  text: (value) => joinLines(jsonText(documentOf(value), 2).split('\n').map(clean)),
  json: documentOf,
  records: (value) => [documentOf(value)],
  ids: ({ owner }) => (owner === null ? [] : [owner.ownerId]),
};

function documentOf(value: OwnerExport): Record<string, Json> {
  const { owner } = value;
  return {
    operation_id: value.operationId,
    audit_seq: value.auditSeq,
    owner_id: owner?.ownerId ?? null,
    email: owner?.email ?? null,
    name: owner?.name ?? null,
    user_id: owner?.userId ?? null,
    created_at: isoTime(owner?.createdAt ?? null),
    forgotten_at: isoTime(owner?.forgottenAt ?? null),
    keys: value.keys.map(keyRecord),
    usage: value.usage.map(usageJson),
    audit: value.audit as readonly Json[],
    mentions: mentionsJson(value.mentions),
    not_in_here: [
      'single requests: keyctl audit usage --owner EMAIL -o ndjson',
      'what clients sent in their requests, and requests that named no known key',
      'backups, earlier exports and reports, logs of gateways',
    ],
  };
}

function usageJson(usage: OwnersUsage): Json {
  return {
    key_id: usage.keyId,
    requests: usage.requests,
    errors: usage.errors,
    unique_ips: usage.uniqueIps,
    bytes: usage.bytes,
    tokens: usage.tokens,
    cost_usd: usage.costUsd,
    first_at: isoTime(usage.firstAt),
    last_at: isoTime(usage.lastAt),
  };
}
