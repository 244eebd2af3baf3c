import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { keyMeant, typedOrSearched } from '../typed-keys.js';

export function lineageCommand(rt: Runtime): Command {
  return newCommand(rt, 'lineage')
    .summary('the family of a key')
    .description(
      'The family of a key: its versions, who replaced whom, and what happened to each, when and why.',
    )
    .argument('[key]', 'id, start of an id, name, external id, fingerprint or redacted token')
    .action(async (typed: string | undefined) => {
      const wanted = typed === undefined ? [] : [typed];
      const keys = await typedOrSearched(rt, wanted, 'keyctl keys lineage key_7Q2mK9xZab3d');
      const { keyLineage } = await import('../../actions/key-lineage.js');
      const { lineage } = await import('../../render/lineage.js');
      await rt.withContext({}, async (ctx) => {
        const { row } = await keyMeant(rt, ctx, keys);
        await rt.print(lineage, await keyLineage(ctx, row));
      });
    });
}
