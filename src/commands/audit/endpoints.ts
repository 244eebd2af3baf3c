import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { typedOrSearched } from '../typed-keys.js';
import { countedDays, showCounts } from './show-usage.js';
import { addWindow, type WindowFlags, windowOf } from './window-flags.js';

const example = 'keyctl audit endpoints key_7Q2mK9xZab3d --since 30d';

export function endpointsCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'endpoints')
    .summary('what a key was used for, by endpoint')
    .description('Count requests, errors, addresses and bytes of a key by endpoint, most requests first.')
    .argument('[key]', 'id, start of an id, name, external id, fingerprint or redacted token');
  addWindow(rt, command, ` (${countedDays}d)`);
  return command.action(async (typed: string | undefined, flags: WindowFlags) => {
    const window = { ...windowOf(flags), keyVersion: null };
    const [key] = await typedOrSearched(rt, typed === undefined ? [] : [typed], example);
    const { usageScope } = await import('../../actions/usage-scope.js');
    const { usageEndpoints } = await import('../../render/usage-groups.js');
    await rt.withContext({}, async (ctx) => {
      const scope = await usageScope(ctx, { key }, { interactive: rt.canAsk });
      const counting = { by: 'endpoint', limit: undefined, lean: true, renderer: usageEndpoints } as const;
      await showCounts(rt, ctx, scope, window, counting);
    });
  });
}
