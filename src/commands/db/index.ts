import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { addLeaves, type Leaf, newCommand } from '../new-command.js';

const leaves: readonly Leaf[] = [
  {
    name: 'status',
    summary: 'where the database is, its schema, role and size',
    load: async () => (await import('./status.js')).statusCommand,
  },
  {
    name: 'migrate',
    summary: 'bring the schema up to this program',
    load: async () => (await import('./migrate.js')).migrateCommand,
  },
  {
    name: 'start',
    summary: 'start the embedded server, creating it if there is none',
    load: async () => (await import('./start.js')).startCommand,
  },
  {
    name: 'stop',
    summary: 'stop the embedded server',
    load: async () => (await import('./stop.js')).stopCommand,
  },
  {
    name: 'roles',
    summary: 'who may do what, and granting it',
    load: async () => (await import('./roles.js')).rolesCommand,
  },
  {
    name: 'partitions',
    summary: 'the weekly tables that usage lies in, making them ahead, attaching others',
    load: async () => (await import('./partitions.js')).partitionsCommand,
  },
  {
    name: 'retention',
    summary: 'drop usage that is older than you keep it',
    load: async () => (await import('./retention.js')).retentionCommand,
  },
];

export async function dbCommand(rt: Runtime, argv: readonly string[]): Promise<Command> {
  const group = newCommand(rt, 'db').summary(
    'the database itself: status, migrations, roles, the embedded server',
  );
  return await addLeaves(rt, group, leaves, argv);
}
