import type { Command } from 'commander';
import { parsePlainText } from '../../domain/plain-text.js';
import { line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { keysMeant, typedOrSearched } from '../typed-keys.js';
import { addIncidentId } from './id-argument.js';

interface LinkFlags extends ChangeFlags {
  readonly reason?: string;
}

const example = 'keyctl incidents link-key INC-7 sales_bob --reason "seen from 198.51.100.17 too"';

export function linkKeyCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'link-key')
    .summary('say that keys belong to it')
    .description(
      'Say that keys belong to an incident. It cannot be closed while one of them is usable, and whoever tries one that is dead is noted.',
    );
  addIncidentId(command)
    .argument('[key...]', 'id, start of an id, name, external id, fingerprint or redacted token')
    .option('--reason <text>', 'why it belongs to it', (text) =>
      parsePlainText('--reason', text, { max: 2000, example }),
    );
  addChangeFlags(command);
  return command.action(async (incidentId: string, typed: string[], flags: LinkFlags) => {
    const keys = await typedOrSearched(rt, typed, example);
    const { linkKeys } = await import('../../actions/incidents/link-keys.js');
    const { findIncident } = await import('../../actions/incidents/find-incident.js');
    const { incidentPlan, keysLinked } = await import('../../render/incidents/incident-change.js');
    await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
      const keyIds = (await keysMeant(rt, ctx, keys)).map(({ row }) => row.key.id);
      if (flags.dryRun === true) {
        const incident = await findIncident(ctx, incidentId);
        return await rt.print(incidentPlan, {
          incident,
          would: line`link ${keyIds.length} keys`,
          obstacles: [],
        });
      }
      await rt.print(keysLinked, await linkKeys(ctx, { incidentId, keyIds, reason: flags.reason ?? null }));
    });
  });
}
