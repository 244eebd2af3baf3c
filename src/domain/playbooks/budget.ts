import type { Playbook } from './playbook.js';

/** A key spends more than it may: restricted first, then decided. */
export const budget: Playbook = {
  name: 'budget',
  summary: 'a key spends more than it should: restrict it, then decide',
  type: 'budget',
  steps: [
    { name: 'identify', kind: 'identify', required: true },
    { name: 'restrict', kind: 'restrict', required: true },
    { name: 'blast-radius', kind: 'blast-radius', required: true, why: 'Who spends it, and for what.' },
    { name: 'notify', kind: 'notify', required: false },
    { name: 'decide', kind: 'decide', required: true },
    { name: 'learn', kind: 'learn', required: true },
    { name: 'close', kind: 'close', required: true },
  ],
};
