import type { Context } from '../../../actions/context.js';
import type { FindingChanges } from '../../../actions/detect/change-findings.js';
import { exitCodes, usageError } from '../../../domain/errors.js';
import type { Runtime } from '../../../runtime/runtime.js';
import type { ChangeFlags } from '../../new-command.js';

/** One FINDING as it is typed; throws a usage error for anything that is none. */
export function findingId(text: string): string {
  if (!/^fnd_[0-9A-Za-z]{12}$/.test(text)) {
    throw usageError(
      'FINDING',
      'not the id of a finding',
      'fnd_7Q2mK9xZab3d; keyctl audit findings list shows them',
    );
  }
  return text;
}

/** Several, each once, for commander. */
export function findingIds(text: string, earlier?: readonly string[]): readonly string[] {
  const id = findingId(text);
  return [...(earlier ?? []).filter((known) => known !== id), id];
}

/** Changes findings, or shows which would change, and tells by the exit code whether all did. */
export async function changeFindings(
  rt: Runtime,
  flags: ChangeFlags,
  wanted: 'ack' | 'dismiss' | 'escalate',
  work: { readonly ids: readonly string[]; readonly change: (ctx: Context) => Promise<FindingChanges> },
): Promise<void> {
  const { findingChangePlan, findingChanges, isDone } = await import('../../../render/findings.js');
  if (flags.dryRun === true) {
    const { findFindings } = await import('../../../actions/detect/change-findings.js');
    const found = await rt.withContext({}, (ctx) => findFindings(ctx, work.ids));
    return await rt.print(findingChangePlan, found);
  }
  await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
    const changes = await work.change(ctx);
    await rt.print(findingChanges, changes);
    const done = changes.results.filter(({ outcome }) => isDone(outcome, wanted)).length;
    if (done === changes.results.length) return;
    rt.exitWith(done === 0 ? exitCodes.state : exitCodes.partial);
  });
}
