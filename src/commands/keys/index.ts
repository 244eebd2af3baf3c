import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { addLeaves, type Leaf, newCommand } from '../new-command.js';

const leaves: readonly Leaf[] = [
  {
    name: 'create',
    summary: 'create a key',
    load: async () => (await import('./create.js')).createCommand,
  },
  {
    name: 'list',
    summary: 'list keys, newest use first',
    load: async () => (await import('./list.js')).listCommand,
  },
  {
    name: 'show',
    summary: 'show one key',
    load: async () => (await import('./show.js')).showCommand,
  },
  {
    name: 'update',
    summary: 'change settings of keys',
    load: async () => (await import('./update.js')).updateCommand,
  },
  {
    name: 'suspend',
    summary: 'suspend keys, reversibly',
    load: async () => (await import('./suspend.js')).suspendCommand,
  },
  {
    name: 'resume',
    summary: 'end the suspension of keys',
    load: async () => (await import('./resume.js')).resumeCommand,
  },
  {
    name: 'retire',
    summary: 'plan the end of keys, or take the plan back',
    load: async () => (await import('./retire.js')).retireCommand,
  },
  {
    name: 'review',
    summary: 'review who may do what: keep, narrow, revoke',
    load: async () => (await import('./review.js')).reviewCommand,
  },
  {
    name: 'policy',
    summary: 'how often keys are rotated and reviewed',
    load: async () => (await import('./policy/index.js')).policyCommand,
  },
  {
    name: 'verify',
    summary: 'is this token valid, and if not, why?',
    load: async () => (await import('./verify.js')).verifyCommand,
  },
  {
    name: 'identify',
    summary: 'find tokens of ours in a text, a report or a git history',
    load: async () => (await import('./identify.js')).identifyCommand,
  },
  {
    name: 'explain',
    summary: 'why a key would be accepted or refused',
    load: async () => (await import('./explain.js')).explainCommand,
  },
  {
    name: 'lineage',
    summary: 'the family of a key',
    load: async () => (await import('./lineage.js')).lineageCommand,
  },
  {
    name: 'import',
    summary: 'bring in keys of other systems',
    load: async () => (await import('./import.js')).importCommand,
  },
  {
    name: 'owner',
    summary: 'what is stored about a person: export it, forget it',
    load: async () => (await import('./owner/index.js')).ownerCommand,
  },
  {
    name: 'block-ip',
    summary: 'refuse an address or network, whatever the key',
    load: async () => (await import('./block-ip.js')).blockIpCommand,
  },
  {
    name: 'unblock-ip',
    summary: 'end the block of an address or network',
    load: async () => (await import('./unblock-ip.js')).unblockIpCommand,
  },
  {
    name: 'blocked-ips',
    summary: 'list blocked addresses and networks',
    load: async () => (await import('./blocked-ips.js')).blockedIpsCommand,
  },
];

export async function keysCommand(rt: Runtime, argv: readonly string[]): Promise<Command> {
  const group = newCommand(rt, 'keys').summary('find, create, inspect and change keys');
  return await addLeaves(rt, group, leaves, argv);
}
