import type { Command } from 'commander';
import { exitCodes } from '../../domain/errors.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';

interface VerifyFlags {
  readonly checkpoint?: string;
  readonly requireCheckpoint?: boolean;
}

export function verifyCommand(rt: Runtime): Command {
  return newCommand(rt, 'verify')
    .summary('check the chain of the audit log, row by row')
    .description(
      'Walk the whole audit log and check every link, every hash and every column against it, and that it has passed every ' +
        'checkpoint and every head that this machine remembers. Exit 7 names the first bad row.',
    )
    .option('--checkpoint <file>', 'signed checkpoints that the log must have passed')
    .option('--require-checkpoint', 'exit 7 unless a checkpoint proves that nothing is missing up to it')
    .action(async (flags: VerifyFlags) => {
      const { verifyChain } = await import('../../actions/verify-chain.js');
      const { chainAnchors, confirmMemory } = await import('../../runtime/chain-anchors.js');
      const { chainVerdict } = await import('../../render/chain-verdict.js');
      await rt.withContext({}, async (ctx) => {
        const databaseId = String(ctx.db.greeting.database_id ?? '');
        const { anchors, refused, memory } = chainAnchors(rt, databaseId, flags.checkpoint);
        const verdict = await verifyChain(ctx, { stallMs: rt.flags.timeoutMs, anchors });
        const { fault, rows, head, completeUpTo } = verdict;
        if (fault === null && head !== null) confirmMemory(rt, memory, { seq: rows, hash: head });
        const unproven = flags.requireCheckpoint === true && completeUpTo === null;
        if (fault !== null || unproven) rt.exitWith(exitCodes.check);
        await rt.print(chainVerdict, { ...verdict, refused, memory });
      });
    });
}
