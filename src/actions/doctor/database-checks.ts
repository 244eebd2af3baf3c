import type { Connection } from '../../db/connect.js';
import { expectedGrants, grantFaults } from '../../db/reads/grants.js';
import {
  chainTail,
  databaseClock,
  leftInboxes,
  partitionsAhead,
  stuckPending,
} from '../../db/reads/health.js';
import { readRoutines } from '../../db/schema-files.js';
import { targetName } from '../../db/settings.js';
import { formatDuration } from '../../domain/duration.js';
import { KeyctlError } from '../../domain/errors.js';
import { examineDatabase, type SchemaOfProgram } from '../database-report.js';
import { type Check, notChecked, ok, problem, warning } from './check.js';
import { checkRotations } from './rotation-check.js';
import { checkIncidents, checkRollup } from './upkeep-checks.js';

/** What the checks of a database need besides its connection. */
export interface Examination {
  readonly connection: Connection;
  readonly program: SchemaOfProgram;
  readonly now: () => Date;
}

const later = [
  'grants',
  'chain',
  'pending',
  'rotations',
  'inboxes',
  'partitions',
  'rollup',
  'incidents',
] as const;

/** The names of all checks below, for saying that none of them could be made. */
export const databaseCheckNames = ['target', 'tls', 'clock', 'schema', ...later] as const;

/** Every check of the database, in order; one that fails in itself is not made, and the others are. */
export async function databaseChecks(exam: Examination): Promise<Check[]> {
  const checks = [await checkTarget(exam), checkTls(exam), await attempt('clock', () => checkClock(exam))];
  const schema = await attempt('schema', () => checkSchema(exam));
  checks.push(schema);
  if (schema.verdict !== 'ok')
    return [...checks, ...later.map((name) => notChecked(name, 'the schema comes first'))];
  return [
    ...checks,
    await attempt('grants', () => checkGrants(exam)),
    await attempt('chain', () => checkChain(exam)),
    await attempt('pending', () => checkPending(exam)),
    await attempt('rotations', () => checkRotations(exam)),
    await attempt('inboxes', () => checkInboxes(exam)),
    await attempt('partitions', () => checkPartitions(exam)),
    await attempt('rollup', () => checkRollup(exam)),
    await attempt('incidents', () => checkIncidents(exam)),
  ];
}

/** Some look at what not every role may see: that is no problem of the database. */
async function attempt(name: string, check: () => Promise<Check>): Promise<Check> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof KeyctlError)) throw error;
    const may = error.code === 'permission_denied';
    return notChecked(name, may ? 'this role may not see it; keyctl_viewer may' : error.message);
  }
}

async function checkTarget({ connection, program }: Examination): Promise<Check> {
  const { target } = connection;
  const { status } = await examineDatabase(connection, program);
  const where = `${targetName(target)}, PostgreSQL ${target.serverVersion}`;
  if (status.superuser) {
    if (target.embedded) return ok('target', where);
    const finding = `${where}: a superuser is bound by no role, and could rewrite the audit log unseen; work as a user in one`;
    return warning('target', finding, 'keyctl db roles grant USER keyctl_operator');
  }
  if (status.roles.length === 0) {
    const finding = `${where}: ${target.role} is in none of keyctl’s roles; an admin can change that`;
    return problem('target', finding, `keyctl db roles grant ${target.role} keyctl_viewer`);
  }
  return ok('target', `${where} (${status.roles.join(', ')})`);
}

function checkTls({ connection: { target } }: Examination): Check {
  if (target.tls) return ok('tls', 'encrypted');
  if (target.host.startsWith('/')) return ok('tls', 'a unix socket: nothing leaves this machine');
  // Clear text to any other host was refused before anything was opened (F4).
  return ok('tls', 'not encrypted, to this machine itself');
}

/** Longer than this and "4 s ago" misleads; deadlines are the database's own and do not suffer (F13). */
const noticeableMs = 5000;
const wrongMs = 300_000;

async function checkClock({ connection, now }: Examination): Promise<Check> {
  const before = now().getTime();
  const theirs = await connection.run({ sends: 'read' }, () => databaseClock(connection.sql));
  const after = now().getTime();
  const skewMs = theirs - (before + after) / 2;
  // Half of the round trip is all that can be told.
  const size = Math.max(0, Math.abs(skewMs) - (after - before) / 2);
  if (size < noticeableMs)
    return ok('clock', `agrees with the database’s to ${formatDuration(Math.max(0.1, size / 1000))}`);
  const finding = `this machine’s clock is ${formatDuration(size / 1000)} ${skewMs > 0 ? 'behind' : 'ahead of'} the database’s`;
  return (size < wrongMs ? warning : problem)(
    'clock',
    `${finding}; ages are shown wrong by as much`,
    'timedatectl status',
  );
}

async function checkSchema({ connection, program }: Examination): Promise<Check> {
  const { schema } = await examineDatabase(connection, program);
  switch (schema) {
    case 'current':
      return ok('schema', 'as this program expects it');
    case 'missing':
      return behind(connection, 'there is none yet');
    case 'newer':
      return problem('schema', 'newer than this program', 'install the newer keyctl');
    case 'unknown':
      return notChecked('schema', 'this role may not see it; keyctl_viewer may');
    default:
      return behind(connection, 'made by another version of keyctl');
  }
}

/** The embedded database is brought up by the next command that needs it (DESIGN 8); any other waits for somebody. */
function behind({ target }: Connection, finding: string): Check {
  if (target.embedded)
    return warning('schema', `${finding}; the next command migrates it`, 'keyctl db migrate');
  return problem('schema', finding, 'keyctl db migrate');
}

async function checkGrants({ connection, program }: Examination): Promise<Check> {
  const expected = expectedGrants(await readRoutines(program.folder));
  const faults = await connection.run({ sends: 'read' }, () => grantFaults(connection.sql, expected));
  const [first, ...others] = faults;
  if (first === undefined) return ok('grants', 'each role may what it should, PUBLIC nothing');
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  const then = first.thenGrants === true ? ` -f ${program.folder}/grants.sql` : '';
  return problem('grants', `${first.finding}${more}`, `psql -c '${first.sql}'${then}`);
}

const tailRows = 200;

async function checkChain({ connection }: Examination): Promise<Check> {
  const tail = await connection.run({ sends: 'read' }, () => chainTail(connection.sql, tailRows));
  if (!tail.links)
    return problem(
      'chain',
      `the audit log was changed: its last ${tail.rows} rows do not link`,
      'keyctl audit verify',
    );
  if (!tail.headAgrees) {
    const finding = `the audit log’s head (${tail.headSeq}) is not its last row: rows are missing, or were added`;
    return problem('chain', finding, 'keyctl audit verify');
  }
  return ok('chain', `head at ${tail.headSeq}, the last ${tail.rows} rows link (audit verify walks all)`);
}

async function checkPending({ connection }: Examination): Promise<Check> {
  const ids = await connection.run({ sends: 'read' }, () => stuckPending(connection.sql, 3600));
  const [first] = ids;
  if (first === undefined) return ok('pending', 'no key waits for its delivery');
  const finding = `${ids.length === 1 ? `${first} was` : `${ids.length} keys were`} made over an hour ago and never delivered`;
  const command =
    ids.length === 1
      ? `keyctl revoke ${first} --reason "its delivery failed"`
      : 'keyctl keys list --status pending';
  return warning('pending', finding, command);
}

async function checkInboxes({ connection }: Examination): Promise<Check> {
  const left = await connection.run({ sends: 'read' }, () => leftInboxes(connection.sql, 86_400));
  if (left === 0) return ok('inboxes', 'no ingest left anything behind');
  const finding = `${left} ingest${left === 1 ? '' : 's'} of more than a day ago never ended; the next ingest cleans up`;
  return warning('inboxes', finding, 'keyctl audit ingest FILE');
}

async function checkPartitions({ connection }: Examination): Promise<Check> {
  const ahead = await connection.run({ sends: 'read' }, () => partitionsAhead(connection.sql));
  if (ahead.nextWeek) return ok('partitions', 'next week’s usage has its table');
  if (!ahead.gatewayLogins) return ok('partitions', 'made when usage arrives');
  const finding =
    'next week’s usage has no table yet: a gateway that inserts without record_usage would fail';
  return warning('partitions', finding, 'keyctl doctor --fix', { kind: 'partitions' });
}
