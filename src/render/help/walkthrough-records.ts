import { inside, type JsonRecord, words } from './record-fields.js';

const plan = [
  ...words('incident_id title state playbook summary begun next_step'),
  ...inside('steps[]', words('step kind required state why does checks by at reason')),
];

/** What the walkthrough of an incident prints. */
export const walkthroughRecords: readonly JsonRecord[] = [
  { printedBy: 'incidents run --plan', fields: plan },
  {
    printedBy: 'incidents run --step',
    fields: [
      ...words('operation_id incident_id step kind outcome by at result{} problem'),
      ...inside('drafts[]', words('audience subject to[] text')),
      ...words('state next_step'),
    ],
  },
];
