import type { Command } from 'commander';
import type { Runtime } from '../../../runtime/runtime.js';
import { addLeaves, type Leaf, newCommand } from '../../new-command.js';

const leaves: readonly Leaf[] = [
  {
    name: 'list',
    summary: 'the time that each phase has, by severity',
    load: async () => (await import('./list.js')).targetsListCommand,
  },
  {
    name: 'set',
    summary: 'set the time that the phases of a severity have',
    load: async () => (await import('./set.js')).targetsSetCommand,
  },
];

export async function targetsCommand(rt: Runtime, argv: readonly string[]): Promise<Command> {
  const group = newCommand(rt, 'targets').summary('how fast each phase has to be done, by severity');
  return await addLeaves(rt, group, leaves, argv);
}
