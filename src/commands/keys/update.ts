import type { Command } from 'commander';
import type { KeySettings, OwnerInput } from '../../db/kernel-keys.js';
import { usageError } from '../../domain/errors.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askReason, reasonFlag, requireReason } from '../ask-reason.js';
import { addIncidentFlag, type IncidentFlag, inIncident } from '../incident-flag.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { keysMeant, typedOrSearched } from '../typed-keys.js';
import { outcomeCode } from './outcome-code.js';
import {
  addSettingFlags,
  ownerOf,
  plannedSettings,
  refusePastExpiry,
  type SettingFlags,
  settingsOf,
} from './setting-flags.js';

interface UpdateFlags extends SettingFlags, ChangeFlags, IncidentFlag {
  readonly reason?: string;
}

const example =
  'keyctl keys update key_7Q2mK9xZab3d --rpm 200 --reason "PLAT-1182: more workers from Monday"';

export function updateCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'update')
    .summary('change settings of keys')
    .description(
      'Change settings of keys, and print what they were before. A list is replaced as a whole; "none" takes a setting away.',
    )
    .argument('[key...]', 'id, start of an id, name, external id, fingerprint or redacted token')
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag);
  addSettingFlags(command)
    .option('--no-decoy', 'an ordinary key again')
    .option('--no-auto-suspend', 'not suspended by its use');
  addIncidentFlag(command);
  addChangeFlags(command);
  return command.action(async (typed: string[], flags: UpdateFlags) => {
    refusePastExpiry(flags, rt.machine.now());
    const owner = ownerOf(flags);
    const settings = settingsOf(flags);
    if (owner === null && Object.keys(settings).length === 0)
      throw usageError('SETTING', 'what is to be changed?', example);
    if (typed.length > 1 && flags.name !== undefined)
      throw usageError('--name', 'one name for several keys would tell none of them', example);
    if (flags.dryRun !== true) requireReason(rt, flags.reason);
    const keys = await typedOrSearched(rt, typed, example);
    if (flags.dryRun === true)
      return await plan(rt, keys, plannedSettings(settings, rt.machine.now()), owner);
    await update(rt, keys, { settings, owner, flags });
  });
}

async function update(
  rt: Runtime,
  keys: readonly string[],
  wanted: { settings: KeySettings; owner: OwnerInput | null; flags: UpdateFlags },
): Promise<void> {
  const { updateKeys } = await import('../../actions/update-keys.js');
  const { keyUpdate } = await import('../../render/key-update.js');
  const { settings, owner, flags } = wanted;
  const reason = await askReason(rt, flags.reason);
  await rt.withContext({ operationId: flags.operationId }, async (outside) => {
    const rows = (await keysMeant(rt, outside, keys)).map((found) => found.row);
    const ctx = await inIncident(rt, outside, flags, { keyIds: rows.map((row) => row.key.id), reason });
    const done = await updateKeys(ctx, { keys: rows, settings, owner, reason });
    await rt.print(keyUpdate, done);
    rt.exitWith(outcomeCode(done));
  });
}

async function plan(
  rt: Runtime,
  keys: readonly string[],
  settings: KeySettings,
  owner: OwnerInput | null,
): Promise<void> {
  const { updatePlan } = await import('../../render/update-plan.js');
  await rt.withContext({}, async (ctx) => {
    const rows = (await keysMeant(rt, ctx, keys)).map((found) => found.row);
    await rt.print(updatePlan, { rows, settings, owner });
  });
}
