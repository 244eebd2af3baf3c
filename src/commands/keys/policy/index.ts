import type { Command } from 'commander';
import type { Runtime } from '../../../runtime/runtime.js';
import { addLeaves, type Leaf, newCommand } from '../../new-command.js';

const leaves: readonly Leaf[] = [
  {
    name: 'list',
    summary: 'what each policy and environment asks, and what is overdue',
    load: async () => (await import('./list.js')).policyListCommand,
  },
  {
    name: 'set',
    summary: 'set what a policy or an environment asks of its keys',
    load: async () => (await import('./set.js')).policySetCommand,
  },
];

export async function policyCommand(rt: Runtime, argv: readonly string[]): Promise<Command> {
  const group = newCommand(rt, 'policy').summary('how often keys are rotated and reviewed');
  return await addLeaves(rt, group, leaves, argv);
}
