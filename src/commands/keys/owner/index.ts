import type { Command } from 'commander';
import type { Runtime } from '../../../runtime/runtime.js';
import { addLeaves, type Leaf, newCommand } from '../../new-command.js';

const leaves: readonly Leaf[] = [
  {
    name: 'export',
    summary: 'all that is stored about a person, as one document',
    load: async () => (await import('./export.js')).ownerExportCommand,
  },
  {
    name: 'forget',
    summary: 'empty what is personal about a person; keys and record stay whole',
    load: async () => (await import('./forget.js')).ownerForgetCommand,
  },
];

export async function ownerCommand(rt: Runtime, argv: readonly string[]): Promise<Command> {
  const group = newCommand(rt, 'owner').summary('what is stored about a person');
  return await addLeaves(rt, group, leaves, argv);
}
