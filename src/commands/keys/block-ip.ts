import type { Command } from 'commander';
import { parseCidr } from '../../domain/cidr.js';
import { parseDuration } from '../../domain/duration.js';
import { clean, joinLines, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askReason, reasonFlag, requireReason } from '../ask-reason.js';
import { askTyped, requireConsent } from '../consent.js';
import { addIncidentFlag, type IncidentFlag, inIncident } from '../incident-flag.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';

interface BlockFlags extends ChangeFlags, IncidentFlag {
  readonly reason?: string;
  readonly for?: number;
}

export function blockIpCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'block-ip')
    .summary('refuse an address or network, whatever the key')
    .description(
      'Refuse every request from an address or network, whatever the key. It acts where the gateway asks.',
    )
    .argument('<cidr>', '198.51.100.17, 198.51.100.0/24, 2001:db8::/32', (text) => parseCidr('CIDR', text))
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag)
    .option('--for <duration>', 'it ends by itself after this time', (text) => parseDuration('--for', text));
  addIncidentFlag(command);
  addChangeFlags(command);
  return command.action(async (cidr: string, flags: BlockFlags) => {
    requireConsent(rt, flags);
    if (flags.dryRun !== true) requireReason(rt, flags.reason);
    if ((await lookAndAsk(rt, cidr, flags)) === 'only looked') return;
    const reason = await askReason(rt, flags.reason);
    const { blockIp } = await import('../../actions/block-ip.js');
    const { ipBlocked } = await import('../../render/ip-blocks.js');
    await rt.withContext({ operationId: flags.operationId }, async (outside) => {
      const ctx = await inIncident(rt, outside, flags, { keyIds: [], reason });
      await rt.print(ipBlocked, await blockIp(ctx, { cidr, reason, forSeconds: flags.for ?? null }));
    });
  });
}

/** What would break is looked at in a session of its own: nothing stays open while a person thinks. */
async function lookAndAsk(rt: Runtime, cidr: string, flags: BlockFlags): Promise<'agreed' | 'only looked'> {
  if (flags.yes === true && flags.dryRun !== true) return 'agreed';
  const { networkRadius } = await import('../../actions/block-ip.js');
  const shown = await import('../../render/ip-blocks.js');
  const radius = await rt.withContext({}, (ctx) => networkRadius(ctx, cidr));
  if (flags.dryRun === true) {
    await rt.print(shown.networkRadius, radius);
    return 'only looked';
  }
  const [address] = cidr.split('/');
  const card = shown.networkRadius.text(radius, rt.view('stderr'));
  const about = joinLines([card, line`Every key is refused from there, until keyctl keys unblock-ip.`]);
  const prompt = line`Type ${clean(address ?? cidr)} to block it:`;
  await askTyped(rt, { about, prompt }, (given) => given === address || given === cidr);
  return 'agreed';
}
