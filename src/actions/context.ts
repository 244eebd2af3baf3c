import type { Database } from '../db/database.js';
import type { AuditContext, Change } from '../db/kernel.js';

/** What an action may use: the database, who asks, and the world's inputs as arguments. */
export interface Context {
  readonly db: Database;
  readonly actor: AuditContext;
  /** The id of this command's one change; `--operation-id` repeats an earlier one. */
  readonly operationId: string;
  readonly now: () => Date;
  readonly randomBytes: (size: number) => Uint8Array;
  /** Told of each step of a protocol that must survive being cut there; tests end the process at one. */
  readonly reached: (point: string) => Promise<void>;
}

/** The kernel's view of a context: which operation, and on whose word. */
export function changeOf(ctx: Context): Change {
  return { operationId: ctx.operationId, context: ctx.actor };
}
