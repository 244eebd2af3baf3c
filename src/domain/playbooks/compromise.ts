import type { Playbook } from './playbook.js';

/** A key leaked, or somebody else uses it. */
export const compromise: Playbook = {
  name: 'compromise',
  summary: 'a key leaked, or somebody else uses it',
  type: 'leak',
  steps: [
    { name: 'identify', kind: 'identify', required: true },
    { name: 'blast-radius', kind: 'blast-radius', required: true },
    { name: 'contain', kind: 'contain', required: true },
    { name: 'prove', kind: 'prove', required: true },
    { name: 'preserve', kind: 'preserve', required: true },
    { name: 'replace', kind: 'replace', required: true },
    { name: 'test', kind: 'test', required: true },
    { name: 'watch', kind: 'watch', required: true },
    { name: 'notify', kind: 'notify', required: true },
    { name: 'learn', kind: 'learn', required: true },
    { name: 'close', kind: 'close', required: true },
  ],
};
