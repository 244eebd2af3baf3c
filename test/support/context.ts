import { randomBytes, randomUUID } from 'node:crypto';
import type { Context } from '../../src/actions/context.js';
import { openDatabase } from '../../src/db/database.js';
import type { TestDatabase, TestRole } from './postgres.js';

/** What an action gets, on a real database; `operationId` repeats an earlier command. */
export async function contextOn(
  database: TestDatabase,
  options: { readonly role?: TestRole; readonly operationId?: string } = {},
): Promise<Context> {
  const db = await openDatabase(() => database.connect(options.role ?? 'test_operator'));
  return {
    db,
    actor: { actor_os: 'tester', actor_claimed: null, host: 'test-host' },
    operationId: options.operationId ?? randomUUID(),
    now: () => new Date(),
    randomBytes: (size) => randomBytes(size),
    reached: async () => {},
  };
}
