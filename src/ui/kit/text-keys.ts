import type { Binding } from './key-table.js';

/** The footer while questions are answered. */
export const formKeys: readonly Binding<string>[] = [
  { command: 'next', keys: ['enter'], label: 'take the answer', help: '' },
  { command: 'back', keys: ['escape'], label: 'one question back', help: '' },
];

/** The footer under a text that covers the screen. */
export const textKeys: readonly Binding<string>[] = [
  { command: 'down', keys: ['down'], label: 'down', help: '' },
  { command: 'up', keys: ['up'], label: 'up', help: '' },
  { command: 'back', keys: ['escape'], label: 'back', help: '' },
];
