import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { addLeaves, type Leaf, newCommand } from '../new-command.js';
import { rotateKeysCommand } from './rotate-keys.js';

const leaves: readonly Leaf[] = [
  {
    name: 'due',
    summary: 'rotate what is due by policy and date: the cron entry',
    load: async () => (await import('./due.js')).dueCommand,
  },
  {
    name: 'status',
    summary: 'rotations that are pending or open, and who still uses the old keys',
    load: async () => (await import('./status.js')).statusCommand,
  },
  {
    name: 'finalize',
    summary: 'end the old key of a rotation',
    load: async () => (await import('./finalize.js')).finalizeCommand,
  },
  {
    name: 'extend',
    summary: 'keep the old key of a rotation usable for longer',
    load: async () => (await import('./extend.js')).extendCommand,
  },
  {
    name: 'abort',
    summary: 'give up a rotation whose successor is not usable yet',
    load: async () => (await import('./abort.js')).abortCommand,
  },
  {
    name: 'replace',
    summary: 'make a key that exists the successor of another',
    load: async () => (await import('./replace.js')).replaceCommand,
  },
  {
    name: 'resume',
    summary: 'finish a rotation that was cut off',
    load: async () => (await import('./resume.js')).resumeCommand,
  },
  {
    name: 'reissue',
    summary: 'a new secret for a successor whose own was lost',
    load: async () => (await import('./reissue.js')).reissueCommand,
  },
];

/**
 * `keyctl rotate KEY` is the group's default command; what shows, ends or finishes rotations are its leaves. Options of the
 * group itself would swallow those of the leaves (`rotate resume ID --yes`).
 */
export async function rotateCommand(rt: Runtime, argv: readonly string[]): Promise<Command> {
  const own = rotateKeysCommand(rt);
  const group = newCommand(rt, 'rotate')
    .summary('replace keys without an outage')
    .usage('KEY|SELECTION [options], or one of the commands')
    .description(
      'Replace keys without an outage: the new secret is safe in its places before it works, and the old key works on until ' +
        'its grace is over.',
    )
    .addHelpText('after', () => `\n${own.helpInformation()}`);
  group.addCommand(own, { isDefault: true, hidden: true });
  return await addLeaves(rt, group, leaves, argv);
}
