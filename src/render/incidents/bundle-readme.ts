import type { IncidentReport } from '../../actions/incidents/report-incident.js';
import { isoTime } from '../../domain/stored-time.js';
import { clean } from '../terminal-text.js';

/** `README.txt` of a bundle: what is in it, how it is checked, and what it does not prove. */
export function bundleReadme(report: IncidentReport, { vkey }: { readonly vkey: string | null }): string {
  const { row, window, asOf } = report;
  const id = row.incident_id;
  return `Evidence of ${id}, sealed ${isoTime(row.read_at)}
${clean(row.title)}

report.md, report.html   the same report twice; the HTML loads nothing
incident.json            the incident, its clocks, keys, attempts, steps, links and follow-ups
timeline.ndjson          what happened, a row each, from the audit log; corrected times beside the logged ones
keys.ndjson              the linked keys as they stood: no token, verifier, salt or digest
findings.ndjson          what detectors saw, each with the SQL that counts it again
usage.ndjson             every request of the linked keys from ${window.since}
                         to ${window.until}; brought in up to ${asOf ?? 'nowhere yet'}
audit.ndjson             the audit log from the incident's first row to the end it had: hash = SHA-256(prev_hash, record)
${vkey === null ? unsigned : signed(id, vkey)}
The audit log is in it without holes, other people's changes in that time too, because a chain with holes proves nothing.
Names and addresses of people are in it. Times are UTC.

What it proves: that these bytes are what whoever holds the key sealed, and that the rows of the audit log follow each other up
to the checkpoint. What it does not: that somebody with the rights of the database's owner had not written other rows before,
which earlier checkpoints, kept elsewhere, would contradict (keyctl audit verify); and that usage which was never brought in is
in it.
`;
}

function signed(id: string, vkey: string): string {
  return `checkpoint               that end, as a signed note (c2sp.org/tlog-checkpoint)
MANIFEST                 the SHA-256, size and name of each part, signed (c2sp.org/signed-note)

To check it, without keyctl and offline (Python 3, nothing else; docs/verify-bundle.py of keyctl):
  python3 verify-bundle.py ${id}.tar VKEY
The public key is said to be
  ${vkey}
Believe that only when you have it from somewhere else too.
`;
}

const unsigned = `MANIFEST                 the SHA-256, size and name of each part

It is not signed: it was made without a checkpoint key, and nobody vouches for it. Its sum stands in the audit log.
`;
