import type { ExportedEntry } from '../../db/reads/export-rows.js';
import { isoMicros } from '../../domain/stored-time.js';
import { clean } from '../terminal-text.js';
import { keyChangeOf } from './key-change.js';
import type { ExportOrigin } from './ocsf.js';
import { meaningOf, type Severity } from './ocsf-activity.js';

/** CEF counts from 0 to 10; 7 and more is high. */
const severities: Readonly<Record<Severity, number>> = { Informational: 1, Low: 3, Medium: 5, High: 8 };

/**
 * A row of the audit log as one line of ArcSight's Common Event Format, version 0: seven fields between bars, then
 * `key=value` pairs. Line ends stand as `\n` and `\r` in values, and other hidden characters in their visible form.
 */
export function cefLine(entry: ExportedEntry, { databaseId, version }: ExportOrigin): string {
  const { activity, severity } = meaningOf(entry.action);
  const head = ['CEF:0', 'keyctl', 'keyctl', version, entry.action, `${noun(entry.action)} ${activity}`]
    .map(headerField)
    .join('|');
  const pairs = Object.entries(extension(entry, databaseId))
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${extensionValue(String(value))}`);
  return `${head}|${severities[severity]}|${pairs.join(' ')}\n`;
}

function noun(action: string): string {
  return action.split('.')[0] ?? action;
}

/** CEF's own names where it has them; else its numbered strings, each with its label. */
function extension(entry: ExportedEntry, databaseId: string): Record<string, string | number | null> {
  const change = keyChangeOf(entry);
  return {
    rt: Date.parse(isoMicros(entry.at)),
    externalId: entry.seq,
    deviceExternalId: databaseId,
    act: entry.action,
    outcome: 'success',
    // On its own host the machine's user; in the database the role.
    suser: entry.actorOs,
    shost: entry.host,
    duser: entry.actorDb,
    ...labelled(1, 'keyId', entry.keyId),
    ...labelled(2, 'fingerprint', change.oldFingerprint ?? entry.fingerprint),
    ...labelled(3, 'newKeyId', change.newKeyId),
    ...labelled(4, 'newFingerprint', change.newFingerprint),
    ...labelled(5, 'correlationId', change.rotationId ?? entry.incidentId ?? entry.operationId),
    ...labelled(6, 'hash', entry.hash),
    reason: entry.reason,
    msg: messageOf(entry),
  };
}

function messageOf({ keyName, ticket, actorClaimed }: ExportedEntry): string | null {
  const claim = actorClaimed === null ? null : `claims to be ${actorClaimed}`;
  const parts = [keyName, ticket === null ? null : `ticket ${ticket}`, claim].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join('; ');
}

function labelled(number: number, label: string, value: string | null): Record<string, string | null> {
  return value === null ? {} : { [`cs${number}Label`]: label, [`cs${number}`]: value };
}

/** A bar would end the field, a backslash escapes; no line end may stand here at all. */
function headerField(text: string): string {
  return clean(text).replace(/[\\|]/g, '\\$&');
}

/** An equals sign would begin a pair of the attacker's own; a line end, a record. */
function extensionValue(text: string): string {
  return text
    .split(/(\r\n|\n|\r)/)
    .map((part) => (/^[\r\n]/.test(part) ? lineEnd(part) : clean(part).replace(/[\\=]/g, '\\$&')))
    .join('');
}

function lineEnd(text: string): string {
  return text.replaceAll('\r', '\\r').replaceAll('\n', '\\n');
}
