import type { Command } from 'commander';
import type { Runtime } from '../../../runtime/runtime.js';
import { addLeaves, type Leaf, newCommand } from '../../new-command.js';

const leaves: readonly Leaf[] = [
  {
    name: 'list',
    summary: 'findings that were kept, the one seen last first',
    load: async () => (await import('./list.js')).findingListCommand,
  },
  {
    name: 'show',
    summary: 'the evidence of a finding, and the query that gives its numbers',
    load: async () => (await import('./show.js')).findingShowCommand,
  },
  {
    name: 'ack',
    summary: 'say that somebody looks into findings',
    load: async () => (await import('./ack.js')).findingAckCommand,
  },
  {
    name: 'dismiss',
    summary: 'say that findings are nothing to act on, and why',
    load: async () => (await import('./dismiss.js')).findingDismissCommand,
  },
  {
    name: 'escalate',
    summary: 'make findings part of an incident',
    load: async () => (await import('./escalate.js')).findingEscalateCommand,
  },
];

export async function findingsCommand(rt: Runtime, argv: readonly string[]): Promise<Command> {
  const group = newCommand(rt, 'findings').summary('what detection found, and what became of it');
  return await addLeaves(rt, group, leaves, argv);
}
