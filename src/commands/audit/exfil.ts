import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { typedOrSearched } from '../typed-keys.js';
import { addWindow, type WindowFlags, windowOf } from './window-flags.js';

const presetDays = 7;

export function exfilCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'exfil')
    .summary('what left by a key, against its own history')
    .description(
      'Show bytes and distinct objects by hour against the four weeks before (median and MAD of the hours of its family), hours far ' +
        'above first, then endpoints by what left through them: bulk reads and exports.',
    )
    .argument('[key]', 'id, start of an id, name, external id, fingerprint or redacted token');
  addWindow(rt, command, ` (${presetDays}d)`);
  return command.action(async (typed: string | undefined, flags: WindowFlags) => {
    windowOf(flags);
    const [key = ''] = await typedOrSearched(
      rt,
      typed === undefined ? [] : [typed],
      'keyctl audit exfil alice-prod',
    );
    const { readDataOut } = await import('../../actions/read-data-out.js');
    const { dataOut } = await import('../../render/data-out.js');
    await rt.withContext({}, async (ctx) => {
      const until = flags.until ?? ctx.now();
      const since = flags.since ?? new Date(until.getTime() - presetDays * 86_400_000);
      await rt.print(dataOut, await readDataOut(ctx, { key, since, until }, { interactive: rt.canAsk }));
    });
  });
}
