import { inside, type JsonRecord, words } from './record-fields.js';

const counts = words('requests errors refused since_detection bytes first_at last_at');
const top = (name: string) => inside(`${name}[]`, ['value', ...counts]);

/**
 * The record of an incident, for people and as evidence.
 * @param shown the fields of `incidents show`, with which the report begins
 */
export function evidenceRecords(shown: readonly string[]): readonly JsonRecord[] {
  return [
    {
      printedBy: 'incidents report',
      fields: [
        ...shown,
        ...words('database made_at since until as_of step_seconds timeline_rows'),
        ...inside('usage', [
          ...counts,
          ...words('distinct_ips distinct_endpoints distinct_agents'),
          ...inside('parts[]', words('at requests errors')),
          ...[...top('ips'), ...top('endpoints'), ...top('agents')],
        ]),
        ...inside('findings[]', words('finding_id detector severity status key_id ip onset_at summary')),
        ...inside('gaps[]', words('gap command')),
      ],
    },
    {
      printedBy: 'incidents bundle',
      fields: [
        ...words(`operation_id incident_id file bytes sha256 signed_by database_id since until events first_seq last_seq
          bundled_at audit_seq`),
        ...inside('parts[]', words('name size sha256')),
      ],
    },
  ];
}
