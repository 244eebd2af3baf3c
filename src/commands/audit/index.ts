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
    name: 'export',
    summary: 'the audit log, usage or the table of keys, for auditors and a SIEM',
    load: async () => (await import('./export.js')).exportCommand,
  },
  {
    name: 'checkpoint',
    summary: 'sign how long the audit log is, and keep it outside the database',
    load: async () => (await import('./checkpoint.js')).checkpointCommand,
  },
  {
    name: 'owner',
    summary: 'usage over a person’s keys, across rotations',
    load: async () => (await import('./owner.js')).ownerCommand,
  },
  {
    name: 'exfil',
    summary: 'what left by a key, against its own history',
    load: async () => (await import('./exfil.js')).exfilCommand,
  },
  {
    name: 'limits',
    summary: 'budgets, quotas and rates: what of them is used, worst first',
    load: async () => (await import('./limits.js')).limitsCommand,
  },
  {
    name: 'review',
    summary: 'the dashboard of anomalies: keys by risk, why, and what to do',
    load: async () => (await import('./review.js')).reviewCommand,
  },
  {
    name: 'anomalies',
    summary: 'what is unusual now, by key and risk; with --replay what would have been',
    load: async () => (await import('./anomalies.js')).anomaliesCommand,
  },
  {
    name: 'findings',
    summary: 'what detection found, and what became of it',
    load: async () => (await import('./findings/index.js')).findingsCommand,
  },
  {
    name: 'responses',
    summary: 'what is done by itself about findings: nothing, unless it is set here',
    load: async () => (await import('./responses/index.js')).responsesCommand,
  },
  {
    name: 'rollup',
    summary: 'count closed hours, enforce budgets: a cron entry',
    load: async () => (await import('./rollup.js')).rollupCommand,
  },
  {
    name: 'verify',
    summary: 'check the chain of the audit log, row by row',
    load: async () => (await import('./verify.js')).verifyCommand,
  },
  {
    name: 'report',
    summary: 'keys, rotations, revocations and use of a day, a week, a month, or for an auditor',
    load: async () => (await import('./report.js')).reportCommand,
  },
  {
    name: 'metrics',
    summary: 'figures for Prometheus',
    load: async () => (await import('./metrics.js')).metricsCommand,
  },
];

export async function auditCommand(rt: Runtime, argv: readonly string[]): Promise<Command> {
  const group = newCommand(rt, 'audit').summary('what was done with keys, and to them');
  return await addLeaves(rt, group, leaves, argv);
}
