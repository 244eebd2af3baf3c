import type { Bundle } from '../../actions/incidents/bundle-incident.js';
import { isoTime } from '../../domain/stored-time.js';
import { byteSize, counted } from '../numbers.js';
import type { Renderer } from '../renderer.js';
import { clean, joinLines, line } from '../terminal-text.js';

/** A bundle and the file that it stands in, as it was typed. */
export interface BundledFile extends Bundle {
  readonly file: string;
}

/** `incidents bundle`: what was sealed, its sum, and how it is checked. */
export const bundled: Renderer<BundledFile> = {
  text: (bundle, { style }) =>
    joinLines([
      style.ok(
        line`${style.sign.ok} ${clean(bundle.incidentId)} sealed in ${clean(bundle.file)} · audit ${bundle.auditSeq ?? 0}`,
      ),
      line`  ${counted(bundle.events, 'event')}, rows ${bundle.firstSeq} to ${bundle.lastSeq} of the audit log, ${byteSize(bundle.bytes)}`,
      line`  sha256  ${clean(bundle.sha256)}`,
      bundle.vkey === null
        ? style.warning(line`${style.sign.warning} not signed: nobody vouches for it`)
        : line`  check   python3 verify-bundle.py ${clean(bundle.file)} ${clean(bundle.vkey)}`,
    ]),
  json: (bundle) => ({
    operation_id: bundle.operationId,
    incident_id: bundle.incidentId,
    file: bundle.file,
    bytes: bundle.bytes,
    sha256: bundle.sha256,
    signed_by: bundle.vkey,
    database_id: bundle.databaseId,
    since: bundle.since,
    until: bundle.until,
    events: bundle.events,
    first_seq: bundle.firstSeq,
    last_seq: bundle.lastSeq,
    parts: bundle.parts.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
    bundled_at: isoTime(bundle.bundledAt),
    audit_seq: bundle.auditSeq,
  }),
  ids: ({ incidentId }) => [incidentId],
};
