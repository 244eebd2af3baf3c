import { sql } from 'drizzle-orm';
import { answer, type Change, type ChangeAnswer, type Executor, who } from './kernel.js';

/** The typed calls of the kernel about the data of people; see `kernel.ts`. */

export interface ForgetAnswer extends ChangeAnswer {
  readonly outcome: 'forgotten';
  readonly owner_id: string;
  /** Keys that the owner has or had; they stay as they are. */
  readonly keys: number;
  /** Billing contacts that were emptied. */
  readonly billing_contacts: number;
  readonly forgotten_at: string;
}

export function forgetOwner(
  db: Executor,
  change: Change,
  input: { email: string; reason: string },
): Promise<ForgetAnswer> {
  return answer(
    db,
    sql`select keyctl.forget_owner(${who(change)}, ${input.email}, ${input.reason}) as answer`,
  );
}

export interface ExportAnswer extends ChangeAnswer {
  readonly outcome: 'exported';
  readonly owner_id: string;
  readonly audit_seq: number;
}

export function exportOwner(db: Executor, change: Change, input: { email: string }): Promise<ExportAnswer> {
  return answer(db, sql`select keyctl.export_owner(${who(change)}, ${input.email}) as answer`);
}
