import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CreatedKey } from '../../actions/create-key.js';
import type { IssuedKey, Sink } from '../../actions/delivery/sink.js';
import type { KeySettings, OwnerInput } from '../../db/kernel-keys.js';
import { parsePath } from '../../domain/destination.js';
import { parseEmail } from '../../domain/setting-values.js';
import { defaultSettings, settingParsers } from '../../domain/settings.js';
import { issuedKey, nowActive } from '../../render/issued-key.js';
import type { KeyNote } from '../../render/key-note.js';
import { clean, line } from '../../render/terminal-text.js';
import { writeText } from '../../runtime/output.js';
import type { Runtime } from '../../runtime/runtime.js';
import { type Asked, askValue, requireValue } from '../ask-value.js';
import { addDeliverFlag, type DeliveryFlags, requireSink, sinksOf } from '../delivery.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import {
  addSettingFlags,
  ownerOf,
  plannedSettings,
  refusePastExpiry,
  type SettingFlags,
  settingsOf,
} from './setting-flags.js';

interface CreateFlags extends SettingFlags, DeliveryFlags, ChangeFlags {
  readonly prefix: string;
  readonly note?: string;
}

const askedName: Asked<string> = {
  flag: '--name',
  example: 'alice-prod',
  question: line`Name of the key:`,
  parse: settingParsers.name,
};
const askedOwner: Asked<string> = {
  flag: '--owner',
  example: 'alice@example.com',
  question: line`Owner (e-mail address):`,
  parse: (text) => parseEmail('--owner', text),
};

export function createCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'create')
    .summary('create a key')
    .description(
      'Create a key. A terminal shows its secret once; elsewhere --deliver says where it goes. It becomes active only ' +
        'when it is safe there. Unless given: 100 requests a minute, 1000 an hour.',
    )
    .option('--prefix <prefix>', 'what the token begins with', settingParsers.prefix, defaultSettings.prefix);
  addSettingFlags(command);
  addDeliverFlag(command).option(
    '--note <path>',
    'a new file beside the secret, without it: scopes, limits, expiry, contact',
    (text: string) => parsePath('--note', text, '--note /srv/keys/billing.txt'),
  );
  addChangeFlags(command);
  return command.action(async (flags: CreateFlags) => {
    refusePastExpiry(flags, rt.machine.now());
    requireValue(rt, flags.name, askedName);
    requireValue(rt, flags.owner, askedOwner);
    requireSink(rt, flags);
    const name = await askValue(rt, flags.name, askedName);
    const owner = await askValue(rt, flags.owner, askedOwner);
    const typed = { ...flags, name, owner };
    const settings = { rpm: defaultSettings.rpm, rph: defaultSettings.rph, ...settingsOf(typed) };
    const person = ownerOf(typed) ?? { email: owner };
    if (flags.dryRun === true) await plan(rt, flags, person, settings);
    else await create(rt, flags, person, settings);
  });
}

/** Mints nothing and opens nothing. */
async function plan(
  rt: Runtime,
  flags: CreateFlags,
  owner: OwnerInput,
  settings: KeySettings,
): Promise<void> {
  const { keyPlan } = await import('../../render/key-plan.js');
  const sinks = await sinksOf(rt, flags);
  const planned = plannedSettings(settings, rt.machine.now());
  const deliverTo = sinks.map((sink) => sink.name);
  await rt.print(keyPlan, { prefix: flags.prefix, owner, settings: planned, deliverTo });
}

async function create(
  rt: Runtime,
  flags: CreateFlags,
  owner: OwnerInput,
  settings: KeySettings,
): Promise<void> {
  const { createKey } = await import('../../actions/create-key.js');
  const { namesakes } = await import('../../actions/namesakes.js');
  const sinks = await noted(rt, flags.note, await sinksOf(rt, flags), (key) => ({ key, owner, settings }));
  await rt.withContext({ create: true, operationId: flags.operationId }, async (ctx) => {
    const others = await namesakes(ctx, settings.name ?? '');
    const created = await createKey(ctx, { prefix: flags.prefix, owner, settings, sinks });
    await tell(rt, flags, created);
    if (others.length > 0 && !created.repeated) {
      rt.warn(
        line`${rt.style('stderr').sign.warning} ${others.length} other living ${clean(others.length === 1 ? 'key bears' : 'keys bear')} this name (${clean(others.slice(0, 3).join(', '))}): name it by its id`,
      );
    }
  });
}

/** The note goes with the first sink: it is there before the key is active, and taken back with it. */
async function noted(
  rt: Runtime,
  note: string | undefined,
  sinks: readonly Sink[],
  about: (key: IssuedKey) => KeyNote,
): Promise<readonly Sink[]> {
  const [first, ...others] = sinks;
  if (note === undefined || first === undefined) return sinks;
  const { withNote } = await import('../../actions/delivery/note-file.js');
  const { keyNote } = await import('../../render/key-note.js');
  const path = resolve(rt.machine.workingDirectory, note);
  return [withNote(first, { path, textOf: (key) => keyNote(about(key)) }), ...others];
}

/** The result, in what of it the sinks have not printed already. */
async function tell(rt: Runtime, { deliver = [] }: CreateFlags, created: CreatedKey): Promise<void> {
  const { key, repeated, status } = created;
  const toStdout = deliver.some((to) => to.kind === 'stdout');
  const table = rt.flags.output === 'table';
  if (repeated) {
    rt.warn(
      line`this operation created ${clean(key.keyId)} before, and its secret went to ${clean(key.deliveredTo.join(', '))} then: it is not shown again`,
    );
  }
  const value = { key, secret: null, status };
  if (table && toStdout) rt.say(issuedKey.text(value, rt.view('stderr')));
  else if (table && deliver.length === 0 && !repeated) {
    await writeText(rt.machine.stdout, `${nowActive(key, rt.view('stdout'))}\n`);
  } else if (!toStdout || repeated) await rt.print(issuedKey, value);
}
