import type { Command } from 'commander';
import { parseDuration } from '../../domain/duration.js';
import { line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { reasonFlag } from '../ask-reason.js';
import { addIncidentFlag, type IncidentFlag, inIncident } from '../incident-flag.js';
import { addChangeFlags, newCommand } from '../new-command.js';
import { addSelectionFlags } from '../selection-flags.js';
import { type ChangeSelectedFlags, changeSelected } from './change-selected.js';
import { outcomeCode } from './outcome-code.js';

interface SuspendFlags extends ChangeSelectedFlags, IncidentFlag {
  readonly for?: number;
}

export function suspendCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'suspend')
    .summary('suspend keys, reversibly')
    .description('Suspend keys: refused until resumed, or until the time given is over.')
    .argument('[key...]', 'id, start of an id, name, external id, fingerprint or redacted token')
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag)
    .option('--for <duration>', 'it ends by itself after this time', (text) => parseDuration('--for', text));
  addIncidentFlag(command);
  addSelectionFlags(command);
  addChangeFlags(command);
  return command.action((typed: string[], flags: SuspendFlags) =>
    changeSelected(rt, typed, flags, {
      verb: line`suspend`,
      warning: line`It can be undone: keyctl keys resume.`,
      example: 'keyctl keys suspend key_7Q2mK9xZab3d --reason "odd traffic since 02:11, INC-42"',
      fits: (row) => row.key.status !== 'pending',
      async about(ctx, rows) {
        const { blastRadius } = await import('../../actions/blast-radius.js');
        const shown = await import('../../render/blast-radius.js');
        return shown.blastRadiusQuestion(await blastRadius(ctx, rows), rt.view('stderr'));
      },
      async act(outside, rows, reason) {
        const ctx = await inIncident(rt, outside, flags, { keyIds: rows.map((row) => row.key.id), reason });
        const { suspendKeys } = await import('../../actions/suspend-keys.js');
        const { suspension } = await import('../../render/suspension.js');
        const done = await suspendKeys(ctx, { keys: rows, reason, forSeconds: flags.for ?? null });
        await rt.print(suspension, done);
        rt.exitWith(outcomeCode(done));
      },
    }),
  );
}
