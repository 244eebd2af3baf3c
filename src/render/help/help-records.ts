import { inside, type JsonRecord, words } from './record-fields.js';

/** Help itself, and errors. */
export const helpRecords: readonly JsonRecord[] = [
  { printedBy: 'help exit-codes', fields: words('exit_codes[].code exit_codes[].meaning') },
  { printedBy: 'help json', fields: words('records[].printed_by records[].fields[]') },
  {
    printedBy: 'help states',
    fields: inside('states[]', words('status usable meaning leads_to[]')),
  },
  { printedBy: 'help roles', fields: inside('roles[]', words('role may includes[]')) },
  { printedBy: 'completion', fields: words('shell names[] script') },
  {
    printedBy: '(errors)',
    fields: inside('error', words('code message hint exit_code outcome operation_id')),
  },
];
