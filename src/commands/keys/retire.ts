import type { Command } from 'commander';
import { usageError } from '../../domain/errors.js';
import { parseDeadline } from '../../domain/instant.js';
import { line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { reasonFlag } from '../ask-reason.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { changeSelected, type SelectedChange } from './change-selected.js';
import { outcomeCode } from './outcome-code.js';

interface RetireFlags extends ChangeFlags {
  readonly reason?: string;
  readonly on?: Date;
  readonly cancel?: boolean;
}

const example =
  'keyctl keys retire key_7Q2mK9xZab3d --on 2027-01-31 --reason "the v1 export ends, PLAT-1182"';

export function retireCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'retire')
    .summary('plan the end of keys, or take the plan back')
    .description(
      'Plan the end of keys that nothing replaces: notice 30 days before, migration from 14 days on, deprecation in the last ' +
        '7 (limits step down to 75, 50, 25 and 10 %), and at that hour they are refused for good. keyctl keys list shows the phase.',
    )
    .argument('[key...]', 'id, start of an id, name, external id, fingerprint or redacted token')
    .option('--on <date>', 'when: 2027-01-31 (midnight UTC) or an RFC 3339 time; again to move it', dateOf)
    .option('--cancel', 'take the plan back')
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag);
  addChangeFlags(command);
  return command.action((typed: string[], flags: RetireFlags) =>
    changeSelected(rt, typed, flags, changeOf(rt, dateWanted(rt, flags))),
  );
}

function dateOf(text: string): Date {
  const deadline = parseDeadline('--on', text);
  if (deadline.kind === 'at') return deadline.at;
  throw usageError('--on', 'a date, so that everybody can be told of it', '--on 2027-01-31');
}

/** The date; null: the plan is taken back. */
function dateWanted(rt: Runtime, { on, cancel }: RetireFlags): Date | null {
  if (cancel === true && on !== undefined) {
    throw usageError('--cancel', 'takes the plan back, and --on makes one', example);
  }
  if (cancel === true) return null;
  if (on === undefined) throw usageError('--on', 'when is it to end? (--cancel takes a plan back)', example);
  // The database's clock has the last word.
  if (on <= rt.machine.now()) {
    throw usageError(
      '--on',
      `${on.toISOString()} is not in the future; to end a key now, revoke it`,
      example,
    );
  }
  return on;
}

function changeOf(rt: Runtime, on: Date | null): SelectedChange {
  const planOf = async () => (await import('../../render/retirement-plan.js')).retirementPlan;
  return {
    verb: on === null ? line`take the plan back for` : line`retire`,
    warning: on === null ? line`They live on.` : line`Until then it can be taken back: --cancel.`,
    example,
    fits: () => true,
    async about(ctx, rows) {
      return (await planOf()).text({ target: ctx.db.target, rows, on }, rt.view('stderr'));
    },
    async look(ctx, rows) {
      await rt.print(await planOf(), { target: ctx.db.target, rows, on });
    },
    async act(ctx, rows, reason) {
      const { cancelRetirements, planRetirements } = await import('../../actions/retire-keys.js');
      const { retirement, retirementCancelled } = await import('../../render/retirement.js');
      const done =
        on === null
          ? await cancelRetirements(ctx, { keys: rows, reason })
          : await planRetirements(ctx, { keys: rows, on, reason });
      await rt.print(on === null ? retirementCancelled : retirement, done);
      rt.exitWith(outcomeCode(done));
    },
  };
}
