import { retireDue } from '../../db/kernel-rotation.js';
import { endedKeys } from '../../db/reads/unfinished-rotations.js';
import { type Context, changeOf } from '../context.js';
import type { DueLine } from './due-line.js';

/** So many families in one statement: it holds the head of the audit chain, and a revoke must not wait for it. */
const familiesAtOnce = 100;

/** Writes down what ended by itself, until nothing is left: graces, planned retirements, expiries that suspend. */
export async function* tidyEnded(ctx: Context): AsyncGenerator<readonly DueLine[]> {
  for (;;) {
    const tidied = await ctx.db.change(ctx.operationId, (db) =>
      retireDue(db, changeOf(ctx), { limit: familiesAtOnce }),
    );
    const outcomes = ['finalized', 'retired', 'suspended'] as const;
    const outcomeOf = new Map(
      outcomes.flatMap((outcome) => tidied[outcome].map((id) => [id, outcome] as const)),
    );
    if (outcomeOf.size === 0) return;
    const keys = await ctx.db.query((db) => endedKeys(db, [...outcomeOf.keys()]));
    yield keys.map((key) => ({ kind: 'ended', outcome: outcomeOf.get(key.keyId) ?? 'finalized', key }));
  }
}
