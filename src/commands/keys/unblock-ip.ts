import type { Command } from 'commander';
import { parseCidr } from '../../domain/cidr.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askReason, reasonFlag, requireReason } from '../ask-reason.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';

interface UnblockFlags extends ChangeFlags {
  readonly reason?: string;
}

export function unblockIpCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'unblock-ip')
    .summary('end the block of an address or network')
    .description('End the block of exactly this address or network.')
    .argument('<cidr>', 'as keyctl keys blocked-ips lists it', (text) => parseCidr('CIDR', text))
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag);
  addChangeFlags(command);
  return command.action(async (cidr: string, flags: UnblockFlags) => {
    if (flags.dryRun === true) return await plan(rt, cidr);
    requireReason(rt, flags.reason);
    const reason = await askReason(rt, flags.reason);
    const { unblockIp } = await import('../../actions/block-ip.js');
    const { ipUnblocked } = await import('../../render/ip-blocks.js');
    await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
      await rt.print(ipUnblocked, await unblockIp(ctx, { cidr, reason }));
    });
  });
}

/** The block that would end, if there is one. */
async function plan(rt: Runtime, cidr: string): Promise<void> {
  const { openBlocks } = await import('../../db/reads/ip-blocks.js');
  const { unblockPlan } = await import('../../render/ip-blocks.js');
  const blocks = await rt.withContext({}, (ctx) => ctx.db.query(openBlocks));
  await rt.print(unblockPlan, { cidr, blocks: blocks.filter((block) => block.cidr === cidr) });
}
