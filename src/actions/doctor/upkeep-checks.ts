import type { Connection } from '../../db/connect.js';
import { lateIncidents, rollupAge } from '../../db/reads/upkeep.js';
import { formatDuration } from '../../domain/duration.js';
import { type Check, ok, warning } from './check.js';

interface Looked {
  readonly connection: Connection;
}

const longestSeconds = 86_400;

/** Without it no budget suspends a key and no baseline is made, and nobody would notice. */
export async function checkRollup({ connection }: Looked): Promise<Check> {
  const { seconds, waiting } = await connection.run({ sends: 'read' }, () => rollupAge(connection.sql));
  if (!waiting) return ok('rollup', 'no usage waits to be counted');
  const age = seconds === null ? null : formatDuration(Math.max(1, Math.round(seconds)));
  if (seconds !== null && seconds < longestSeconds) return ok('rollup', `usage was counted ${age} ago`);
  const finding = age === null ? 'usage was never counted' : `usage was last counted ${age} ago`;
  return warning('rollup', `${finding}: budgets suspend no key; a cron entry does it`, 'keyctl audit rollup');
}

/** Incidents over the time that their severity gives them. */
export async function checkIncidents({ connection }: Looked): Promise<Check> {
  const late = await connection.run({ sends: 'read' }, () => lateIncidents(connection.sql));
  const [first] = late;
  if (first === undefined) return ok('incidents', 'none is over its time');
  if (late.length > 1)
    return warning(
      'incidents',
      `${late.length} incidents are over their time`,
      'keyctl incidents list --overdue',
    );
  const { incidentId, phase } = first;
  return warning(
    'incidents',
    `${incidentId} is over its time to ${phase}`,
    `keyctl incidents show ${incidentId}`,
  );
}
