import { sql } from 'drizzle-orm';
import { answer, type Change, type ChangeAnswer, type Executor, who } from './kernel.js';

/** The typed call of the kernel that gives a role; see `kernel.ts`. */

export interface GrantRoleAnswer extends ChangeAnswer {
  readonly outcome: 'granted' | 'already_granted';
  readonly user: string;
  readonly role: string;
  /** Whether `keyctl` stands on the login's search_path here: `own` was set by somebody and left alone. */
  readonly search_path: 'set' | 'already' | 'own' | 'refused';
}

export function grantRole(
  db: Executor,
  change: Change,
  input: { user: string; role: string },
): Promise<GrantRoleAnswer> {
  return answer(db, sql`select keyctl.grant_role(${who(change)}, ${input.user}, ${input.role}) as answer`);
}
