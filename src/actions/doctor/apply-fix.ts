import { chmod } from 'node:fs/promises';
import type { Connection } from '../../db/connect.js';
import { makePartitionsAhead } from '../../db/reads/health.js';
import type { Fix } from './check.js';

/** Does what a check offered; answers what was done, in words. Without a connection only files are put right. */
export async function applyFix(fix: Fix, connection: Connection | null): Promise<string | null> {
  if (fix.kind === 'chmod') {
    await chmod(fix.path, fix.mode);
    return `chmod ${fix.mode.toString(8)} ${fix.path}`;
  }
  if (connection === null) return null;
  const made = await connection.run({ sends: 'read' }, () => makePartitionsAhead(connection.sql));
  return `made ${made} partitions`;
}
