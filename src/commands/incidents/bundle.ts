import type { Command } from 'commander';
import { configError, usageError } from '../../domain/errors.js';
import type { NoteSigner } from '../../domain/signed-note.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addWindow, type WindowFlags, windowOf } from '../audit/window-flags.js';
import { newCommand } from '../new-command.js';
import { addIncidentId } from './id-argument.js';
import { bundleTo } from './seal-bundle.js';

interface BundleFlags extends WindowFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly unsigned?: boolean;
}

/** A million events are counted in a second; an incident may have more of them than the usual wait allows for. */
const longestMs = 120_000;

export function bundleCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'bundle')
    .summary('seal its evidence into one signed file')
    .description(
      'Seal the evidence of an incident into one tar: report, timeline, keys without secrets, usage, the audit log with its chain ' +
        'and a checkpoint, findings with their SQL, and a MANIFEST signed with the checkpoint key. docs/verify-bundle.py checks it ' +
        'without keyctl. It is written down in the audit log. Needs keyctl_operator or keyctl_auditor.',
    );
  addIncidentId(command)
    .option('--out <file>', 'the new file; it stands there whole or not at all')
    .option('--force', 'replace the file of --out')
    .option('--unsigned', 'without a checkpoint key, or with a log that cannot be vouched for');
  addWindow(rt, command, " (usage: a day before the incident's first sign)");
  return command.action(async (incidentId: string, flags: BundleFlags) => {
    const { out } = flags;
    if (out === undefined)
      throw usageError(
        '--out',
        'is required',
        `keyctl incidents bundle ${incidentId} --out ${incidentId}.tar`,
      );
    const signer = flags.unsigned === true ? null : await requiredSigner(rt);
    const window = windowOf(flags);
    const { bundled } = await import('../../render/incidents/bundled.js');
    const { bundleForms } = await import('../../render/incidents/bundle-forms.js');
    await rt.withContext({ leastTimeoutMs: longestMs }, async (ctx) => {
      const request = { incidentId, window, forms: bundleForms, signer };
      const bundle = await bundleTo(rt, ctx, { out, force: flags.force === true, request });
      await rt.print(bundled, { ...bundle, file: out });
    });
  });
}

/** @throws KeyctlError 78 before anything is opened */
async function requiredSigner(rt: Runtime): Promise<NoteSigner> {
  const { checkpointSettings, readSigner } = await import('../../runtime/checkpoint-settings.js');
  const settings = checkpointSettings(rt);
  const signer = readSigner(rt, settings);
  if (signer !== null) return signer;
  throw configError(
    'no_checkpoint_key',
    `there is no key to sign with at ${settings.keyPath}`,
    'keyctl audit checkpoint --init; --unsigned makes a bundle that nobody vouches for',
  );
}
