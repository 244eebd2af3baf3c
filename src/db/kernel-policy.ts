import { sql } from 'drizzle-orm';
import { answer, type Change, type ChangeAnswer, type Executor, json, who } from './kernel.js';

/** The typed call of the kernel that sets a policy; see `kernel.ts`. */

/** What a policy or environment asks of its keys; null asks nothing. snake_case because it travels as JSON. */
export interface PolicySettings {
  readonly rotate_every_seconds?: number | null;
  readonly grace_seconds?: number | null;
  readonly keep_previous?: boolean | null;
  readonly review_every_seconds?: number | null;
  readonly expires_within_seconds?: number | null;
}

export interface PolicyAnswer extends ChangeAnswer {
  readonly outcome: 'created' | 'set' | 'unchanged';
  readonly name: string;
  readonly applies_to: 'policy' | 'environment';
  readonly before: PolicySettings;
  readonly after: PolicySettings;
}

/** @param input.appliesTo null: as the name is known, and a policy when it is new */
export function setPolicy(
  db: Executor,
  change: Change,
  input: {
    name: string;
    appliesTo: 'policy' | 'environment' | null;
    settings: PolicySettings;
    reason: string;
  },
): Promise<PolicyAnswer> {
  return answer(
    db,
    sql`select keyctl.set_policy(${who(change)}, ${input.name}, ${input.appliesTo}, ${json(input.settings)}, ${input.reason}) as answer`,
  );
}
