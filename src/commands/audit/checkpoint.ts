import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { configError, exitCodes } from '../../domain/errors.js';
import type { NoteSigner } from '../../domain/signed-note.js';
import type { CheckpointSettings } from '../../runtime/checkpoint-settings.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';

interface CheckpointFlags extends ChangeFlags {
  readonly init?: boolean;
}

export function checkpointCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'checkpoint')
    .summary('sign how long the audit log is, and keep it outside the database')
    .description(
      'Sign how long the audit log is and what its last row is (a C2SP checkpoint), and append that to files outside the ' +
        'database. With a key, every command that changes something does the same. Needs keyctl_operator or keyctl_auditor.',
    )
    .option('--init', 'make the key first, when there is none; print its public half');
  addChangeFlags(command);
  return command.action(async (flags: CheckpointFlags) => {
    const { checkpointSettings, sinkPaths } = await import('../../runtime/checkpoint-settings.js');
    const { checkpointPlan, checkpointTaken } = await import('../../render/checkpoint.js');
    const settings = checkpointSettings(rt);
    const created = flags.init === true && !existsSync(settings.keyPath);
    if (!created && !existsSync(settings.keyPath)) throw noKey(settings);
    const about = { keyPath: settings.keyPath, keyCreated: created };
    await rt.withContext({ operationId: flags.operationId, signs: true }, async (ctx) => {
      const { database_id: databaseId, head_seq: size } = ctx.db.greeting;
      const paths = sinkPaths(settings, String(databaseId));
      if (flags.dryRun === true) {
        await rt.print(checkpointPlan, { ...about, size: Number(size), paths });
        return;
      }
      const { checkpointAudit } = await import('../../actions/checkpoint-audit.js');
      const { appendToSinks } = await import('../../runtime/checkpoint-sinks.js');
      const signed = await checkpointAudit(ctx, await signerOf(rt, settings, created));
      const failed = appendToSinks(paths, signed.note, settings.directory ?? '');
      if (failed.length > 0) rt.exitWith(exitCodes.partial);
      const sinks = paths.map((path) => ({
        path,
        error: failed.find((each) => each.path === path)?.code ?? null,
      }));
      await rt.print(checkpointTaken, { ...signed, ...about, sinks });
    });
  });
}

function noKey({ keyPath }: CheckpointSettings) {
  const hint = 'keyctl audit checkpoint --init';
  return configError('no_checkpoint_key', `there is no key to sign with at ${keyPath}`, hint);
}

async function signerOf(rt: Runtime, settings: CheckpointSettings, create: boolean): Promise<NoteSigner> {
  const { readSigner } = await import('../../runtime/checkpoint-settings.js');
  if (create) await makeKey(rt, settings);
  const signer = readSigner(rt, settings);
  if (signer === null) throw noKey(settings);
  return signer;
}

/** Readable by its owner alone from the first byte; one that another program has just made is left and used. */
async function makeKey(rt: Runtime, { keyPath, keyNamedBy }: CheckpointSettings): Promise<void> {
  const { newSignerText } = await import('../../domain/signed-note.js');
  const { codeOf, writeNewFile } = await import('../../actions/delivery/new-file.js');
  const { machine } = rt;
  const id = Buffer.from(machine.randomBytes(4)).toString('hex');
  const text = newSignerText(`keyctl/signer/${id}`, machine.randomBytes(32));
  try {
    // The usual directory is made, below a home that exists; a place that was named has to be there.
    if (keyNamedBy === null && existsSync(machine.homeDirectory))
      mkdirSync(dirname(keyPath), { recursive: true, mode: 0o700 });
    await writeNewFile(keyPath, text.reveal());
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return;
    throw configError(
      'checkpoint_key_not_written',
      `${keyPath} cannot be written (${code === '' ? 'its file system keeps no modes' : code})`,
      'KEYCTL_CHECKPOINT_KEY=/path/to/checkpoint.key keyctl audit checkpoint --init',
    );
  }
}
