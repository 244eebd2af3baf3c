import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { addLeaves, type Leaf, newCommand } from '../new-command.js';

const leaves: readonly Leaf[] = [
  {
    name: 'open',
    summary: 'open an incident',
    load: async () => (await import('./open.js')).openCommand,
  },
  {
    name: 'list',
    summary: 'incidents that are open, worst first; follow-ups',
    load: async () => (await import('./list.js')).listCommand,
  },
  {
    name: 'run',
    summary: 'walk through it: each step does its work and writes it down',
    load: async () => (await import('./run.js')).runCommand,
  },
  {
    name: 'show',
    summary: 'one incident: clocks, keys, attempts, steps, what keeps it open',
    load: async () => (await import('./show.js')).showCommand,
  },
  {
    name: 'triage',
    summary: 'the board: what burns, who has it, what comes next',
    load: async () => (await import('./triage.js')).triageCommand,
  },
  {
    name: 'ack',
    summary: 'say that you have taken it up',
    load: async () => (await import('./ack.js')).ackCommand,
  },
  {
    name: 'assign',
    summary: 'say who leads it',
    load: async () => (await import('./assign.js')).assignCommand,
  },
  {
    name: 'note',
    summary: 'write a note into its timeline',
    load: async () => (await import('./note.js')).noteCommand,
  },
  {
    name: 'link-key',
    summary: 'say that keys belong to it',
    load: async () => (await import('./link-key.js')).linkKeyCommand,
  },
  {
    name: 'link-url',
    summary: 'say that a page belongs to it: ticket, alert, commit',
    load: async () => (await import('./link-url.js')).linkUrlCommand,
  },
  {
    name: 'update',
    summary: 'change its title, type, severity or time of detection',
    load: async () => (await import('./update.js')).updateCommand,
  },
  {
    name: 'mark',
    summary: 'say that a phase is done: contained, investigated, recovered, reviewed',
    load: async () => (await import('./mark.js')).markCommand,
  },
  {
    name: 'timeline',
    summary: 'what happened, when, by whom and why',
    load: async () => (await import('./timeline.js')).timelineCommand,
  },
  {
    name: 'correct',
    summary: 'correct a time of its timeline, with a reason',
    load: async () => (await import('./correct.js')).correctCommand,
  },
  {
    name: 'follow-up',
    summary: 'what is still to be done, by whom and until when',
    load: async () => (await import('./follow-up.js')).followUpCommand,
  },
  {
    name: 'close',
    summary: 'close it, when nothing is left',
    load: async () => (await import('./close.js')).closeCommand,
  },
  {
    name: 'report',
    summary: 'a report for people: summary, gaps, plots, timeline',
    load: async () => (await import('./report.js')).reportCommand,
  },
  {
    name: 'bundle',
    summary: 'seal its evidence into one signed file',
    load: async () => (await import('./bundle.js')).bundleCommand,
  },
  {
    name: 'targets',
    summary: 'how fast each phase has to be done, by severity',
    load: async () => (await import('./targets/index.js')).targetsCommand,
  },
];

export async function incidentsCommand(rt: Runtime, argv: readonly string[]): Promise<Command> {
  const group = newCommand(rt, 'incidents').summary('leaks and abuse: from the alarm to the record');
  return await addLeaves(rt, group, leaves, argv);
}
