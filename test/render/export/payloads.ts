import type { ExportedEntry } from '../../../src/db/reads/export-rows.js';
import { hostile } from '../hostile.js';

/** What somebody would put into a reason, a name or a host so that an export says more than was done; by the form it attacks. */
export const payloads: readonly (readonly [trick: string, text: string])[] = [
  ['CEF: a bar ends a header field', 'revoked|10|act=nothing'],
  ['CEF: a pair of its own', 'x act=key.created suser=root'],
  ['CEF: a pair behind an escape', 'x\\ act\\=key.created'],
  ['CEF: a backslash at the end', 'ends with \\'],
  ['CEF: a second record', 'x\nCEF:0|keyctl|keyctl|1|key.created|forged|0|act=forged'],
  ['CEF: the same by CR alone', 'x\rCEF:0|a|b|c|d|e|9|'],
  ['CEF: a label of ours', 'cs1Label=keyId cs1=key_000000000000'],
  ['CSV: a formula', '=cmd|" /C calc"!A0'],
  ['CSV: formulas by other signs', '+1+1'],
  ['CSV: formulas by other signs', '-2+3'],
  ['CSV: formulas by other signs', '@SUM(1,1)'],
  ['CSV: a formula behind a tab', '\t=1+1'],
  ['CSV: a formula behind a CR', '\r=1+1'],
  ['CSV: a cell and a record of its own', 'x","y"\r\n"z'],
  ['CSV: a separator of other countries', 'a;=1+1'],
  ['CSV: full-width sign', '＝1+1'],
  ['JSON: ends the string', '","action":"key.created","x":"'],
  ['JSON: a record of its own', '"}\n{"seq":1,"action":"forged"}'],
  ['JSON: escapes', '\\u0022,\\n\\"'],
  ['JSON: a prototype', '{"__proto__":{"admin":true}}'],
  ['COPY: a NULL', '\\N'],
  ['COPY: the end', '\\.'],
  ['COPY: fields and rows', 'a\tb\nc\\t\\n\vd\fe\b'],
  ['nothing', ''],
  ['blanks around', '  x  '],
  ['other scripts', 'Zoë 雪 🔑 ключ'],
  ...hostile,
];

/** Those that PostgreSQL can hold. */
export const storable = payloads.filter(
  ([, text]) => !text.includes('\0') && Buffer.from(text).toString() === text,
);

const uuid = '6f1c1e0a-7d5e-4e0b-9a53-1d2f3c4b5a69';

/** A row of the audit log as it is exported. */
export function entry(given: Partial<ExportedEntry> = {}): ExportedEntry {
  const { details = {}, answer = {} } = given;
  return {
    ...{ seq: 7, at: '2026-11-21 09:12:13.551105+00', operationId: uuid, action: 'key.revoked' },
    ...{ keyId: 'key_7Q2mK9xZab3d', keyName: 'alice-prod', keyVersion: 2, familyId: 'key_7Q2mK9xZab3d' },
    ...{ fingerprint: 'sha256:0011223344556677', incidentId: null, actorDb: 'ops', actorOs: 'jdoe' },
    ...{ actorClaimed: null, host: 'bastion-1', reason: 'leaked in acme/app', ticket: null },
    ...{ details, answer, prevHash: '00'.repeat(32), hash: 'ab'.repeat(32), record: '{}' },
    ...given,
  };
}

export const origin = { databaseId: 'b7c5f0de-0000-4000-8000-000000000000', version: '1.2.3' };
