import type { Playbook } from './playbook.js';

/** Somebody leaves: nothing of theirs may work afterwards. */
export const departure: Playbook = {
  name: 'departure',
  summary: 'somebody leaves: nothing of theirs works afterwards',
  type: 'departure',
  steps: [
    { name: 'gather', kind: 'gather', required: true },
    {
      name: 'blast-radius',
      kind: 'blast-radius',
      required: false,
      why: 'What still runs with these keys breaks in a moment.',
    },
    {
      name: 'contain',
      kind: 'contain',
      required: true,
      how: 'revoke',
      why: 'Who has left may not come in by an old key.',
    },
    { name: 'prove', kind: 'prove', required: true },
    {
      name: 'replace',
      kind: 'replace',
      required: false,
      why: 'Programs that ran with a key of this person need one of their own.',
    },
    { name: 'notify', kind: 'notify', required: false },
    { name: 'learn', kind: 'learn', required: false },
    { name: 'close', kind: 'close', required: true },
  ],
};
