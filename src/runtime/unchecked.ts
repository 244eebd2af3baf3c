import type { Connection, ConnectOptions } from '../db/connect.js';
import type { Runtime } from './runtime.js';
import { databaseSettings } from './session.js';

export interface UncheckedOptions extends Partial<Pick<ConnectOptions, 'timeoutMs' | 'lockTimeoutMs'>> {
  /** In the embedded server as the owner of the schema; elsewhere always as whoever is configured. */
  readonly asOwner?: boolean;
}

/**
 * One session of the configured database, whatever its schema is like: for the commands that look at the schema, or make
 * it. The embedded server is started, but never created.
 */
export async function withUnchecked<T>(
  rt: Runtime,
  options: UncheckedOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const settings = databaseSettings(rt);
  const { asOwner = false, ...waits } = options;
  const limits = { timeoutMs: rt.flags.timeoutMs, ...waits };
  const connection = await (async () => {
    if (settings.kind === 'server') {
      const { connect } = await import('../db/connect.js');
      // However long the work may take, a server that cannot be reached is given up as everywhere.
      return await connect(
        { ...settings, connectTimeoutMs: settings.connectTimeoutMs ?? rt.flags.timeoutMs },
        limits,
      );
    }
    const { openEmbedded } = await import('../db/embedded/open.js');
    const as = asOwner ? 'postgres' : 'keyctl';
    return await openEmbedded(settings, {
      ...limits,
      create: false,
      as,
      searchPath: rt.machine.env.PATH ?? '',
    });
  })();
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
