import type { Command } from 'commander';
import { joinLines, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { reasonFlag } from '../ask-reason.js';
import { addIncidentFlag, type IncidentFlag, inIncident } from '../incident-flag.js';
import { addChangeFlags, newCommand } from '../new-command.js';
import { addSelectionFlags } from '../selection-flags.js';
import { type ChangeSelectedFlags, changeSelected } from './change-selected.js';
import { outcomeCode } from './outcome-code.js';

export function resumeCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'resume')
    .summary('end the suspension of keys')
    .description('End the suspension of keys: each goes back to where it was.')
    .argument('[key...]', 'id, start of an id, name, external id, fingerprint or redacted token')
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag);
  addIncidentFlag(command);
  addSelectionFlags(command);
  addChangeFlags(command);
  return command.action((typed: string[], flags: ChangeSelectedFlags & IncidentFlag) =>
    changeSelected(rt, typed, flags, {
      verb: line`resume`,
      warning: line`Whoever holds the key can use it again.`,
      example: 'keyctl keys resume key_7Q2mK9xZab3d --reason "traffic was our own load test, INC-42"',
      fits: (row) => row.key.status === 'suspended',
      async about(ctx, rows) {
        const { suspensionCard } = await import('../../render/suspension.js');
        return joinLines(rows.map((row) => suspensionCard(row, ctx.db.target, rt.view('stderr'))));
      },
      async act(outside, rows, reason) {
        const ctx = await inIncident(rt, outside, flags, { keyIds: rows.map((row) => row.key.id), reason });
        const { resumeKeys } = await import('../../actions/suspend-keys.js');
        const { resumption } = await import('../../render/suspension.js');
        const done = await resumeKeys(ctx, { keys: rows, reason });
        await rt.print(resumption, done);
        rt.exitWith(outcomeCode(done));
      },
    }),
  );
}
