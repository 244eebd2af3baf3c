import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { addLeaves, type Leaf, newCommand } from '../new-command.js';

const leaves: readonly Leaf[] = [
  {
    name: 'ingest',
    summary: 'bring in usage logs',
    load: async () => (await import('./ingest.js')).ingestCommand,
  },
  {
    name: 'log',
    summary: 'who changed what, when and why',
    load: async () => (await import('./log.js')).logCommand,
  },
  {
    name: 'usage',
    summary: 'what keys were used for: events, or counts by endpoint, address, agent …',
    load: async () => (await import('./usage.js')).usageCommand,
  },
  {
    name: 'endpoints',
    summary: 'what a key was used for, by endpoint',
    load: async () => (await import('./endpoints.js')).endpointsCommand,
  },
  {
    name: 'verify',
    summary: 'check the chain of the audit log, row by row',
    load: async () => (await import('./verify.js')).verifyCommand,
  },
];

export async function auditCommand(rt: Runtime, argv: readonly string[]): Promise<Command> {
  const group = newCommand(rt, 'audit').summary('what was done with keys, and to them');
  return await addLeaves(rt, group, leaves, argv);
}
