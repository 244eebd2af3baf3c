import type { Playbook } from './playbook.js';

/** A key does what it should not, by its own owner or by somebody else: restricted first, then decided. */
export const abuse: Playbook = {
  name: 'abuse',
  summary: 'a key does what it should not: restrict it, look, then decide',
  type: 'abuse',
  steps: [
    { name: 'identify', kind: 'identify', required: true },
    { name: 'restrict', kind: 'restrict', required: true },
    { name: 'blast-radius', kind: 'blast-radius', required: true },
    { name: 'preserve', kind: 'preserve', required: true },
    { name: 'decide', kind: 'decide', required: true },
    { name: 'watch', kind: 'watch', required: false },
    { name: 'notify', kind: 'notify', required: true },
    { name: 'learn', kind: 'learn', required: true },
    { name: 'close', kind: 'close', required: true },
  ],
};
