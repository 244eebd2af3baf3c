import type { Command } from 'commander';
import { parseEmail } from '../../../domain/setting-values.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { newCommand } from '../../new-command.js';

export function ownerExportCommand(rt: Runtime): Command {
  return newCommand(rt, 'export')
    .summary('all that is stored about a person, as one document')
    .description(
      'Print all that is stored about a person as one JSON document: who it is, the keys (without what proves them), the audit log ' +
        'about them, and a summary of their use. That it was given out stands in the audit log. Needs keyctl_auditor or keyctl_admin.',
    )
    .argument('<email>', "the owner's address", (text) => parseEmail('EMAIL', text))
    .action(async (email: string) => {
      const { exportOwner } = await import('../../../actions/report/export-owner.js');
      const { ownerExport } = await import('../../../render/report/owner-export.js');
      await rt.withContext({}, async (ctx) => rt.print(ownerExport, await exportOwner(ctx, email)));
    });
}
