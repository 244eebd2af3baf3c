import type { Command } from 'commander';
import { exitCodes } from '../../domain/errors.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';

export function verifyCommand(rt: Runtime): Command {
  return newCommand(rt, 'verify')
    .summary('check the chain of the audit log, row by row')
    .description(
      'Walk the whole audit log and check every link, every hash and every column against it. Exit 7 names the first bad row.',
    )
    .action(async () => {
      const { verifyChain } = await import('../../actions/verify-chain.js');
      const { chainVerdict } = await import('../../render/chain-verdict.js');
      await rt.withContext({}, async (ctx) => {
        const verdict = await verifyChain(ctx, rt.flags.timeoutMs);
        await rt.print(chainVerdict, verdict);
        if (verdict.fault !== null) rt.exitWith(exitCodes.check);
      });
    });
}
