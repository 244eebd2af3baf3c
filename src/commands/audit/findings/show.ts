import type { Command } from 'commander';
import type { Runtime } from '../../../runtime/runtime.js';
import { newCommand } from '../../new-command.js';
import { findingId } from './finding-ids.js';

export function findingShowCommand(rt: Runtime): Command {
  return newCommand(rt, 'show')
    .summary('the evidence of a finding, and the query that gives its numbers')
    .description(
      'Show what was seen against what is usual, what is new about it, and the query that gives the same numbers.',
    )
    .argument('<finding>', 'fnd_…', findingId)
    .action(async (id: string) => {
      const { findFindings } = await import('../../../actions/detect/change-findings.js');
      const { findingCard } = await import('../../../render/findings.js');
      await rt.withContext({}, async (ctx) => {
        const [finding] = await findFindings(ctx, [id]);
        if (finding !== undefined) await rt.print(findingCard, finding);
      });
    });
}
