import type { DatabaseReport, SchemaState } from '../actions/database-report.js';
import { labelled } from './labelled.js';
import { byteSize, counted, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import type { Tone } from './style.js';
import { targetLine } from './target-line.js';
import { clean, joinLines, joinWith, line, type Safe } from './terminal-text.js';

/** `db status`. */
export const databaseReport: Renderer<DatabaseReport> = {
  text: (report, view) =>
    joinLines([
      ...(report.found === null ? [] : targetLines(report.found, report.source, view)),
      ...serverLines(report, view),
      ...(report.found === null ? [] : [...schemaLines(report, view), ...contentLines(report.found, view)]),
    ]),
  json: (report) => ({
    ...targetJson(report),
    server_state: report.server?.state ?? null,
    data_directory: report.server?.dataDirectory ?? null,
    socket_directory: report.server?.socketDirectory ?? null,
    log: report.server?.log ?? null,
    pid: report.server?.pid ?? null,
    ...schemaJson(report),
    ...contentJson(report),
  }),
};

type Found = NonNullable<DatabaseReport['found']>;

function targetLines({ target, status }: Found, source: string, view: View): Safe[] {
  const groups =
    status.roles.length === 0
      ? line`in none of keyctl’s roles`
      : joinWith(
          line`, `,
          status.roles.map((role) => clean(role)),
        );
  const role = status.superuser ? line`superuser (every right, roles or not)` : groups;
  const tls = target.tls ? line`TLS` : line`no TLS, ${clean(target.embedded ? 'unix socket' : 'local')}`;
  const where = clean(target.embedded ? 'the embedded server' : source);
  return [
    labelled(line`target`, line`${view.style.strong(targetLine(target))} (from ${where})`, view),
    labelled(line`role`, role, view),
    labelled(line`server`, line`PostgreSQL ${clean(target.serverVersion)}, ${tls}`, view),
  ];
}

function serverLines({ server, found }: DatabaseReport, view: View): Safe[] {
  if (server === null) return [];
  const { style } = view;
  const pid = server.pid === null ? line`` : line`, process ${server.pid}`;
  const state =
    server.state === 'running'
      ? line`${style.sign.ok} running${pid}`
      : line`${style.sign.muted} stopped; the next command that needs it starts it`;
  const version = found === null && server.major !== null ? line` (PostgreSQL ${server.major})` : line``;
  return [
    labelled(line`embedded`, line`${state}${version}`, view),
    labelled(line`data`, clean(server.dataDirectory), view),
  ];
}

const schemaWords: Readonly<Record<SchemaState, readonly [tone: Tone, words: string]>> = {
  current: ['ok', 'as this program expects it'],
  missing: ['warning', 'not there yet'],
  older: ['warning', 'older than this program'],
  newer: ['danger', 'newer than this program: install the newer keyctl'],
  differs: ['warning', 'made by another version of keyctl'],
  unknown: ['muted', 'not visible to this role'],
};

function schemaLines({ found }: DatabaseReport, view: View): Safe[] {
  if (found === null) return [];
  const { style } = view;
  const [tone, words] = schemaWords[found.schema];
  const lines = [labelled(line`schema`, style[tone](line`${style.sign[tone]} ${clean(words)}`), view)];
  if (found.plan !== null && found.schema !== 'current' && found.schema !== 'newer') {
    const { migrations, kernelFiles, removedFunctions } = found.plan;
    const counts = [
      counted(migrations.length, 'migration'),
      counted(kernelFiles.length, 'kernel file'),
      ...(removedFunctions.length === 0 ? [] : [line`${removedFunctions.length} to remove`]),
    ];
    lines.push(labelled(line`pending`, line`${joinWith(line`, `, counts)}: keyctl db migrate`, view));
  }
  return lines;
}

function contentLines({ status }: Found, view: View): Safe[] {
  const lines: Safe[] = [];
  if (status.keys !== null && status.auditRows !== null) {
    const events = line`about ${grouped(status.eventsEstimate ?? 0)} usage events`;
    lines.push(
      labelled(
        line`holds`,
        line`${counted(status.keys, 'key')}, ${counted(status.auditRows, 'audit row')}, ${events}`,
        view,
      ),
    );
  }
  if (status.partitions !== null) {
    const { count, first, last } = status.partitions;
    const span =
      first === null || last === null ? line`` : line`, from ${clean(first)} to the week of ${clean(last)}`;
    lines.push(labelled(line`weeks`, line`${counted(count, 'partition')} of usage${span}`, view));
  }
  const usage = status.usageBytes === null ? line`` : line`, of it usage ${byteSize(status.usageBytes)}`;
  return [...lines, labelled(line`size`, line`${byteSize(status.databaseBytes)}${usage}`, view)];
}

function targetJson({ source, server, found }: DatabaseReport): Record<string, Json> {
  const target = found?.target;
  return {
    source,
    embedded: server !== null,
    host: target?.host ?? null,
    port: target?.port ?? null,
    database: target?.database ?? null,
    role: target?.role ?? null,
    superuser: found?.status.superuser ?? null,
    roles: found?.status.roles ?? null,
    server_version: target?.serverVersion ?? null,
    tls: target?.tls ?? null,
  };
}

function schemaJson({ found, programFingerprint }: DatabaseReport): Record<string, Json> {
  return {
    schema_state: found?.schema ?? null,
    schema_fingerprint: found?.status.fingerprint ?? null,
    program_fingerprint: programFingerprint,
    pending_migrations: found?.plan?.migrations ?? null,
    pending_kernel_files: found?.plan?.kernelFiles ?? null,
    removed_functions: found?.plan?.removedFunctions ?? null,
    may_migrate: found?.status.mayMigrate ?? null,
  };
}

function contentJson({ found }: DatabaseReport): Record<string, Json> {
  const status = found?.status;
  return {
    database_id: status?.databaseId ?? null,
    keys: status?.keys ?? null,
    audit_rows: status?.auditRows ?? null,
    events_estimate: status?.eventsEstimate ?? null,
    partitions: status?.partitions?.count ?? null,
    first_week: status?.partitions?.first ?? null,
    last_week: status?.partitions?.last ?? null,
    database_bytes: status?.databaseBytes ?? null,
    usage_bytes: status?.usageBytes ?? null,
  };
}
