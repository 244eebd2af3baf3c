import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';

export function blockedIpsCommand(rt: Runtime): Command {
  return newCommand(rt, 'blocked-ips')
    .summary('list blocked addresses and networks')
    .description('List the addresses and networks that are blocked now, newest block first.')
    .action(async () => {
      const { openBlocks } = await import('../../db/reads/ip-blocks.js');
      const { ipBlocks } = await import('../../render/ip-blocks.js');
      await rt.withContext({}, async (ctx) => rt.print(ipBlocks, await ctx.db.query(openBlocks)));
    });
}
