import type { Command } from 'commander';
import { notFoundError } from '../../../domain/errors.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { askReason, reasonFlag, requireReason } from '../../ask-reason.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../../new-command.js';
import { responseName } from './response-name.js';

interface RemoveFlags extends ChangeFlags {
  readonly reason?: string;
}

export function responseRemoveCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'remove')
    .summary('take a response away')
    .description(
      'Take a response away. What it did stays as it is: suspensions and blocks end at their time. Needs keyctl_admin.',
    )
    .argument('<name>', 'of the response', responseName)
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag);
  addChangeFlags(command);
  return command.action(async (name: string, flags: RemoveFlags) => {
    const { knownResponse, removeResponse } = await import('../../../actions/detect/response-rules.js');
    const { responseChange, responseRulePlan } = await import('../../../render/response-change.js');
    if (flags.dryRun === true) {
      return await rt.withContext({}, async (ctx) => {
        const known = await knownResponse(ctx, name);
        if (known === null)
          throw notFoundError(`response ${name}`, ctx.db.target.database, 'keyctl audit responses list');
        await rt.print(responseRulePlan, { name, settings: null, known });
      });
    }
    requireReason(rt, flags.reason);
    const reason = await askReason(rt, flags.reason);
    await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
      await rt.print(responseChange, await removeResponse(ctx, { name, reason }));
    });
  });
}
