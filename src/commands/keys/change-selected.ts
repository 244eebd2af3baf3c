import type { Context } from '../../actions/context.js';
import type { KeyChoice } from '../../actions/select-keys.js';
import type { KeyRow } from '../../db/reads/keys.js';
import { targetName } from '../../db/settings.js';
import { notFoundError } from '../../domain/errors.js';
import type { Safe } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askReason, requireReason } from '../ask-reason.js';
import { askConsent, checkExpected, requireConsent } from '../consent.js';
import type { ChangeFlags } from '../new-command.js';
import { isSelection, keyChoice, type SelectionFlags } from '../selection-flags.js';
import { typedOrSearched } from '../typed-keys.js';

export interface ChangeSelectedFlags extends ChangeFlags, SelectionFlags {
  readonly reason?: string;
}

/** A change of keys that is asked about first. */
export interface SelectedChange {
  /** `suspend`: for the question. */
  readonly verb: Safe;
  readonly warning: Safe;
  /** A right command line, for who typed none. */
  readonly example: string;
  /** Which keys of a SELECTION are meant: what cannot be changed that way is left out of it and of its count. */
  readonly fits: (row: KeyRow) => boolean;
  /** What is shown above the question. */
  readonly about: (ctx: Context, rows: readonly KeyRow[]) => Promise<Safe>;
  readonly act: (ctx: Context, rows: readonly KeyRow[], reason: string) => Promise<void>;
  /** What `--dry-run` shows, when it is more than who uses the keys. */
  readonly look?: (ctx: Context, rows: readonly KeyRow[]) => Promise<void>;
  readonly ticket?: string | undefined;
  /** Modules that `act` is going to import: loaded while the server answers. */
  readonly meanwhile?: () => Promise<unknown>;
}

/** Look, ask, act. Nothing stays open while a person thinks; `--dry-run` only looks. */
export async function changeSelected(
  rt: Runtime,
  typed: readonly string[],
  flags: ChangeSelectedFlags,
  change: SelectedChange,
): Promise<void> {
  requireConsent(rt, flags);
  if (flags.dryRun !== true) requireReason(rt, flags.reason);
  const keys = isSelection(flags) ? typed : await typedOrSearched(rt, typed, change.example);
  const choice = await keyChoice(rt, keys, flags);
  if (flags.dryRun === true) return await look(rt, choice, flags, change);

  const rows = flags.yes === true ? null : await ask(rt, choice, flags, change);
  const reason = await askReason(rt, flags.reason);
  const { ticket, meanwhile } = change;
  await rt.withContext({ operationId: flags.operationId, ticket, meanwhile }, async (ctx) =>
    change.act(ctx, rows ?? (await chosen(rt, ctx, choice, flags, change)), reason),
  );
}

async function look(
  rt: Runtime,
  choice: KeyChoice,
  flags: ChangeSelectedFlags,
  change: SelectedChange,
): Promise<void> {
  const show = change.look;
  if (show !== undefined) {
    return await rt.withContext({}, async (ctx) => show(ctx, await chosen(rt, ctx, choice, flags, change)));
  }
  const { blastRadius } = await import('../../actions/blast-radius.js');
  const shown = await import('../../render/blast-radius.js');
  const seen = await rt.withContext({}, async (ctx) =>
    blastRadius(ctx, await chosen(rt, ctx, choice, flags, change)),
  );
  await rt.print(shown.blastRadius, seen);
}

async function ask(
  rt: Runtime,
  choice: KeyChoice,
  flags: ChangeSelectedFlags,
  change: SelectedChange,
): Promise<readonly KeyRow[]> {
  const { rows, about } = await rt.withContext({}, async (ctx) => {
    const meant = await chosen(rt, ctx, choice, flags, change);
    return { rows: meant, about: await change.about(ctx, meant) };
  });
  await askConsent(rt, {
    about,
    warning: change.warning,
    verb: change.verb,
    keyIds: rows.map((row) => row.key.id),
  });
  return rows;
}

async function chosen(
  rt: Runtime,
  ctx: Context,
  choice: KeyChoice,
  flags: ChangeSelectedFlags,
  change: SelectedChange,
): Promise<readonly KeyRow[]> {
  const { isGroup, selectKeys } = await import('../../actions/select-keys.js');
  const found = await selectKeys(ctx, choice, { interactive: rt.canAsk && flags.yes !== true });
  const rows = found.map((key) => key.row).filter((row) => !isGroup(choice) || change.fits(row));
  if (rows.length === 0) {
    const what = `a key of this selection to ${change.verb}`;
    throw notFoundError(what, targetName(ctx.db.target), 'keyctl keys list');
  }
  checkExpected(flags.expect, rows.length);
  return rows;
}
