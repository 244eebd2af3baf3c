import type { EmbeddedStatus } from '../db/embedded/stop.js';
import { labelled } from './labelled.js';
import type { Renderer } from './renderer.js';
import { clean, joinLines, line } from './terminal-text.js';

/** What `db start` and `db stop` found and left. */
export interface ServerState {
  readonly before: EmbeddedStatus;
  readonly after: EmbeddedStatus;
  readonly dryRun: boolean;
  /** The database in it that is ready; null after a stop. */
  readonly database: string | null;
}

export const serverState: Renderer<ServerState> = {
  text({ before, after, dryRun, database }, view) {
    const { style } = view;
    if (dryRun) return line`the embedded server is ${clean(before.state)}; nothing was done`;
    if (after.state === 'absent') return line`there is no embedded server; nothing to do`;
    if (after.state !== 'running') {
      const words = before.state === 'running' ? line`stopped` : line`was not running`;
      return line`${style.ok(style.sign.ok)} the embedded server ${words}; its data stays in ${clean(after.dataDirectory)}`;
    }
    const words =
      before.state === 'running'
        ? line`runs already`
        : before.state === 'absent'
          ? line`created and started`
          : line`started`;
    const ready = line`${style.ok(style.sign.ok)} the embedded server ${words}; database ${clean(database ?? '')} is ready`;
    return joinLines([
      ready,
      labelled(line`data`, clean(after.dataDirectory), view),
      labelled(line`socket`, clean(after.socketDirectory), view),
      labelled(line`log`, clean(after.log), view),
    ]);
  },
  json: ({ before, after, dryRun, database }) => ({
    state: after.state,
    state_before: before.state,
    dry_run: dryRun,
    database,
    server_major: after.major,
    pid: after.pid,
    data_directory: after.dataDirectory,
    socket_directory: after.socketDirectory,
    log: after.log,
  }),
};
