import { type Command, Option } from 'commander';
import { parseDuration } from '../../domain/duration.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { keyMeant, typedOrSearched } from '../typed-keys.js';

interface ShowFlags {
  readonly usage: number;
}

const example = 'keyctl keys show key_7Q2mK9xZab3d';

export function showCommand(rt: Runtime): Command {
  return newCommand(rt, 'show')
    .summary('show one key')
    .description(
      'Show one key: its life, its settings, its limits and what is used of them, its family, its use.',
    )
    .argument('[key]', 'id, start of an id, name, external id, fingerprint, redacted or whole token')
    .addOption(
      new Option('--usage <duration>', 'how far back the usage reaches')
        .argParser(usageSpan)
        .default(7 * 86_400, '7d'),
    )
    .action(async (typed: string | undefined, flags: ShowFlags) => {
      const keys = await typedOrSearched(rt, typed === undefined ? [] : [typed], example);
      const { showKey } = await import('../../actions/show-key.js');
      const { keyCard } = await import('../../render/key-card.js');
      await rt.withContext({}, async (ctx) => {
        const { row } = await keyMeant(rt, ctx, keys);
        await rt.print(keyCard, await showKey(ctx, row, flags.usage));
      });
    });
}

function usageSpan(text: string): number {
  return parseDuration('--usage', text);
}
