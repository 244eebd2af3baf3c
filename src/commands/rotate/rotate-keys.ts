import type { Command } from 'commander';
import type { Context } from '../../actions/context.js';
import type { RotationOrder, RotationResult } from '../../actions/rotation/rotation-order.js';
import type { KeyRow } from '../../db/reads/keys.js';
import { type ExitCode, exitCodes } from '../../domain/errors.js';
import { parseProbeHeader } from '../../domain/probe-url.js';
import { line, type Safe } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { reasonFlag } from '../ask-reason.js';
import { addIncidentFlag, type IncidentFlag, inIncident } from '../incident-flag.js';
import { type ChangeSelectedFlags, changeSelected } from '../keys/change-selected.js';
import { addChangeFlags, newCommand } from '../new-command.js';
import { addSelectionFlags, isSelection } from '../selection-flags.js';
import {
  addRotationFlags,
  prepareOptions,
  type RotationFlags,
  refuseContradictions,
} from './rotation-flags.js';
import { addSecretFlags, type SecretFlags, type SecretPlaces, secretPlaces } from './secret-places.js';
import { sayError, tellOne } from './tell-rotation.js';

interface RotateFlags extends ChangeSelectedFlags, RotationFlags, SecretFlags, IncidentFlag {
  readonly ticket?: string;
}

const example =
  'keyctl rotate alice-prod --deliver env:/etc/billing/env#API_KEY --reason "quarterly rotation, OPS-311"';

/** `keyctl rotate KEY|SELECTION`: what the group does when none of its other commands is typed. */
export function rotateKeysCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'KEY|SELECTION')
    .usage('[options]')
    .summary('rotate keys')
    .argument('[key...]', 'id, start of an id, name, external id, fingerprint or redacted token')
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag)
    .option('--ticket <ref>', 'reference to a ticket');
  addIncidentFlag(command);
  addRotationFlags(command);
  addSecretFlags(command);
  addSelectionFlags(
    command,
    'all living keys with this prefix; beside a KEY: what the new token begins with',
  );
  addChangeFlags(command);
  return command.action((typed: string[], flags: RotateFlags) => rotate(rt, typed, flags));
}

async function rotate(rt: Runtime, typed: readonly string[], flags: RotateFlags): Promise<void> {
  refuseContradictions(flags);
  // Beside a KEY it is where the successor moves to; alone it is a selection.
  const { prefix: newPrefix, ...others } = flags;
  const moves = typed.length > 0 && newPrefix !== undefined;
  if (moves) (await import('../../domain/settings.js')).settingParsers.prefix(newPrefix);
  const selection = moves ? others : flags;
  const places = await secretPlaces(rt, flags, { several: isSelection(selection) || typed.length > 1 });
  await changeSelected(rt, typed, selection, {
    verb: line`rotate`,
    warning: warningOf(flags),
    example,
    fits: (row) => row.key.replacedBy === null && row.key.status !== 'pending',
    ticket: flags.ticket,
    meanwhile,
    async about(ctx, rows) {
      const { blastRadius } = await import('../../actions/blast-radius.js');
      const shown = await import('../../render/blast-radius.js');
      return shown.blastRadiusQuestion(await blastRadius(ctx, rows), rt.view('stderr'));
    },
    look: (ctx, rows) => showPlan(rt, ctx, rows, flags, places),
    async act(outside, rows, reason) {
      const ctx = await inIncident(rt, outside, flags, { keyIds: rows.map((row) => row.key.id), reason });
      const order = await orderOf(rt, flags, places, reason);
      await act(rt, ctx, rows, order, { prefix: moves ? newPrefix : null, places });
    },
  });
}

/** Loaded while the server answers: they cost as much as connecting does. */
function meanwhile(): Promise<unknown> {
  return Promise.all([
    import('../../actions/select-keys.js'),
    import('../../actions/rotation/rotate-keys.js'),
    import('../../render/issued-key.js'),
  ]);
}

function warningOf({ compromised, grace }: RotateFlags): Safe {
  if (compromised === true || grace === 0) return line`The old key dies as soon as the new one is delivered.`;
  return line`Both keys are usable until the grace is over.`;
}

async function orderOf(
  rt: Runtime,
  flags: RotateFlags,
  places: SecretPlaces,
  reason: string,
): Promise<RotationOrder> {
  return {
    options: prepareOptions(flags),
    reason,
    sinksFor: places.sinksFor,
    after: places.after,
    probe: flags.probe === undefined ? undefined : await prober(rt, flags.probe, flags),
  };
}

async function prober(rt: Runtime, url: URL, { authHeader }: RotateFlags): Promise<RotationOrder['probe']> {
  const { probeKey } = await import('../../actions/probe-key.js');
  const header = authHeader ?? parseProbeHeader('--auth-header', 'Authorization');
  return async (token) => {
    // While it probes only: before and after it, Ctrl-C belongs to the session, which says where things stand.
    const calledOff = new AbortController();
    const undo = rt.machine.onInterrupt(() => calledOff.abort());
    try {
      return await probeKey(
        { url, token, header },
        { limitMs: rt.flags.timeoutMs, signal: calledOff.signal },
      );
    } finally {
      undo();
    }
  };
}

async function showPlan(
  rt: Runtime,
  ctx: Context,
  rows: readonly KeyRow[],
  flags: RotateFlags,
  places: SecretPlaces,
): Promise<void> {
  const { rotationPreviews } = await import('../../actions/rotation/preview-rotations.js');
  const { rotationPlan } = await import('../../render/rotation-plan.js');
  const previews = await rotationPreviews(ctx, rows);
  const graceSeconds = flags.compromised === true ? 0 : flags.grace;
  await rt.print(
    rotationPlan,
    previews.map((preview) => ({
      preview,
      graceSeconds: graceSeconds ?? preview.policyGraceSeconds,
      deliverTo: places.names,
    })),
  );
}

async function act(
  rt: Runtime,
  ctx: Context,
  rows: readonly KeyRow[],
  order: RotationOrder,
  { prefix, places }: { readonly prefix: string | null; readonly places: SecretPlaces },
): Promise<void> {
  const { rotateKeys } = await import('../../actions/rotation/rotate-keys.js');
  const results = await rotateKeys(ctx, rows, order, prefix);
  const [only, second] = results;
  if (only !== undefined && second === undefined) return await tellOne(rt, only, places);
  const { rotatedKeys } = await import('../../render/rotated-keys.js');
  rt.exitWith(exitCodeOf(results));
  if (!places.printsRecords) await rt.print(rotatedKeys, { operationId: ctx.operationId, results });
  else for (const { error } of results) if (error !== null) sayError(rt, error.message);
}

/** One number for several outcomes: what all of them are, else 6. */
function exitCodeOf(results: readonly RotationResult[]): ExitCode {
  const failed = results.filter((result) => result.error !== null && result.outcome !== 'skipped');
  if (failed.length === 0) return exitCodes.done;
  const codes = new Set(failed.map((result) => result.error?.exitCode ?? exitCodes.bug));
  const [same, other] = codes;
  return failed.length === results.length && other === undefined && same !== undefined
    ? same
    : exitCodes.partial;
}
