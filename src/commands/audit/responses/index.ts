import type { Command } from 'commander';
import type { Runtime } from '../../../runtime/runtime.js';
import { addLeaves, type Leaf, newCommand } from '../../new-command.js';

const leaves: readonly Leaf[] = [
  {
    name: 'list',
    summary: 'what is done by itself, and what was in the last day',
    load: async () => (await import('./list.js')).responseListCommand,
  },
  {
    name: 'set',
    summary: 'set what is done by itself about findings',
    load: async () => (await import('./set.js')).responseSetCommand,
  },
  {
    name: 'remove',
    summary: 'take a response away',
    load: async () => (await import('./remove.js')).responseRemoveCommand,
  },
];

export async function responsesCommand(rt: Runtime, argv: readonly string[]): Promise<Command> {
  const group = newCommand(rt, 'responses').summary(
    'what is done by itself about findings: nothing, unless it is set here',
  );
  return await addLeaves(rt, group, leaves, argv);
}
