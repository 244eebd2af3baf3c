import type { Connection } from '../../db/connect.js';
import { type StuckRotation, stuckRotations } from '../../db/reads/stuck-rotations.js';
import { type Check, ok, warning } from './check.js';

const words: Readonly<Record<StuckRotation['cause'], string>> = {
  uncommitted: 'active, and the new secret is not in its place yet',
  ending: 'ending within the hour while the old key is still used',
  dead: 'pending for over an hour: the run that made it is gone',
};

/** Rotations that nobody finishes, and graces that are about to end for somebody. */
export async function checkRotations({ connection }: { readonly connection: Connection }): Promise<Check> {
  const stuck = await connection.run({ sends: 'read' }, () => stuckRotations(connection.sql));
  const [first] = stuck;
  if (first === undefined) return ok('rotations', 'none is stuck, no grace ends on somebody within the hour');
  const causes = [...new Set(stuck.map(({ cause }) => cause))].map((cause) => {
    const of = stuck.filter((each) => each.cause === cause);
    const which = of.length === 1 ? of[0]?.rotationId : `${of.length} rotations`;
    return `${which} ${of.length === 1 ? 'is' : 'are'} ${words[cause]}`;
  });
  return warning('rotations', causes.join('; '), commandFor(first, stuck.length));
}

function commandFor({ rotationId, cause }: StuckRotation, count: number): string {
  if (count > 1) return 'keyctl rotate status';
  if (cause === 'ending') return `keyctl rotate status ${rotationId}`;
  return `keyctl rotate resume ${rotationId}`;
}
