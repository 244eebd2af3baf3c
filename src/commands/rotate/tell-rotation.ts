import type { IssuedKey } from '../../actions/delivery/sink.js';
import type { RotationResult } from '../../actions/rotation/rotation-order.js';
import { programName } from '../../render/program-name.js';
import { clean, line } from '../../render/terminal-text.js';
import { writeText } from '../../runtime/output.js';
import type { Runtime } from '../../runtime/runtime.js';
import type { SecretPlaces } from './secret-places.js';

/** One key's record, in what of it the sinks have not printed already; its error is thrown after it. */
export async function tellOne(
  rt: Runtime,
  { key, outcome, ended, error }: RotationResult,
  places: SecretPlaces,
): Promise<void> {
  const issued = ['rotated', 'repeated', 'unfinished', 'unproven'].includes(outcome);
  if (key !== null && issued) await tellIssued(rt, key, outcome === 'repeated', places);
  if (ended.length > 0) {
    rt.warn(
      line`${rt.style('stderr').sign.warning} ended with it: ${clean(ended.join(', '))}, an older key of the family`,
    );
  }
  if (error !== null) throw error;
  const id = key?.rotation?.rotationId;
  if (id !== undefined && key?.rotation?.oldKeyStatus === 'retiring' && rt.machine.terminal.stderr) {
    rt.say(
      rt
        .style('stderr')
        .muted(
          line`  next  ${programName(rt.flags.demo)} rotate status ${clean(id)}   who still uses the old key`,
        ),
    );
  }
}

async function tellIssued(
  rt: Runtime,
  key: IssuedKey,
  repeated: boolean,
  places: SecretPlaces,
): Promise<void> {
  const { issuedKey, nowActive } = await import('../../render/issued-key.js');
  const value = { key, secret: null, status: 'active' };
  if (repeated) {
    rt.warn(
      line`this operation made ${clean(key.keyId)} before, and its secret went to ${clean(key.deliveredTo.join(', '))} then: it is not shown again`,
    );
    return await rt.print(issuedKey, value);
  }
  if (places.printsRecords && rt.flags.output !== 'table') return;
  if (places.printsRecords) rt.say(issuedKey.text(value, rt.view('stderr')));
  else if (places.showsOnTerminal)
    await writeText(rt.machine.stdout, `${nowActive(key, rt.view('stdout'))}\n`);
  else await rt.print(issuedKey, value);
}

/** An error of one key of several, beside a result that goes on. */
export function sayError(rt: Runtime, message: string): void {
  const { sign, danger } = rt.style('stderr');
  rt.warn(danger(line`${sign.danger} ${clean(message)}`));
}
