import { type Command, Option } from 'commander';
import type { BlastRadius } from '../actions/blast-radius.js';
import type { Context } from '../actions/context.js';
import type { FoundKey, MissingKey } from '../actions/find-keys.js';
import type { RevocationResult } from '../actions/revoke-keys.js';
import type { KeyChoice } from '../actions/select-keys.js';
import type { RevocationCode } from '../db/kernel-keys.js';
import { parseDuration } from '../domain/duration.js';
import { type ExitCode, exitCodes } from '../domain/errors.js';
import { type ProbeHeader, parseProbeHeader, parseProbeUrl } from '../domain/probe-url.js';
import { clean, line } from '../render/terminal-text.js';
import type { Runtime } from '../runtime/runtime.js';
import { askReason, reasonFlag, requireReason } from './ask-reason.js';
import { askConsent, checkExpected, requireConsent } from './consent.js';
import { addIncidentFlag, type IncidentFlag, inIncident } from './incident-flag.js';
import { addChangeFlags, type ChangeFlags, newCommand } from './new-command.js';
import { addReplaceFlags, type ReplaceFlags, replacementPlaces } from './revoke-replace-flags.js';
import type { replaceRevoked as ReplaceRevoked } from './revoke-replacement.js';
import type { SecretPlaces } from './rotate/secret-places.js';
import { addSelectionFlags, isSelection, keyChoice, type SelectionFlags } from './selection-flags.js';
import { typedOrSearched } from './typed-keys.js';

interface RevokeFlags extends ChangeFlags, SelectionFlags, ReplaceFlags, IncidentFlag {
  readonly reason?: string;
  readonly code: RevocationCode;
  readonly ticket?: string;
  readonly verify?: URL | true;
  readonly within: number;
  readonly authHeader?: ProbeHeader;
}

const example = 'keyctl revoke key_7Q2mK9xZab3d --reason "leaked in acme/app commit 7a3f21"';
const codes = ['leaked', 'departed', 'policy', 'abuse', 'superseded', 'mistake', 'other'] as const;

export function revokeCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'revoke')
    .summary('revoke keys, at once and for good')
    .description('Revoke keys, at once and for good. On a terminal, what is missing is asked.')
    .argument('[key...]', 'id, start of an id, name, external id, fingerprint, redacted or whole token')
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag)
    .addOption(new Option('--code <code>', 'kind of reason').choices(codes).default('other'))
    .option('--ticket <ref>', 'reference to a ticket')
    .option(
      '--verify [url]',
      'prove that it is dead: by the usage log, and by a request to this URL',
      probeUrl,
    )
    .addOption(
      new Option('--within <duration>', 'how long to look for the proof')
        .argParser((text) => parseDuration('--within', text))
        .default(30, '30s'),
    )
    .option(
      '--auth-header <name>',
      'header that carries the key in the probe (Authorization: Bearer)',
      probeHeader,
    );
  addReplaceFlags(command);
  addIncidentFlag(command);
  addSelectionFlags(command);
  addChangeFlags(command);
  return command.action(async (typed: string[], flags: RevokeFlags) => {
    requireConsent(rt, flags);
    if (flags.dryRun !== true) requireReason(rt, flags.reason);
    const keys = isSelection(flags) ? typed : await typedOrSearched(rt, typed, example);
    const choice = await keyChoice(rt, keys, flags);
    const places = await replacementPlaces(rt, flags, keys.length > 1 || isSelection(flags));
    const change = { operationId: flags.operationId, ticket: flags.ticket, meanwhile };

    if (flags.dryRun === true) return await look(rt, choice, flags);
    const agreed = flags.yes === true ? null : await lookAndAsk(rt, choice, flags);
    const reason = agreed?.allDead === true ? (flags.reason ?? '') : await askReason(rt, flags.reason);
    await rt.withContext(change, async (ctx) =>
      revoke(rt, ctx, agreed ?? (await chosen(rt, ctx, choice, flags)), { reason, flags, places }),
    );
  });
}

/** Loaded while the server answers: they cost as much as connecting does. */
function meanwhile(): Promise<unknown> {
  return Promise.all([
    import('../actions/select-keys.js'),
    import('../actions/revoke-keys.js'),
    import('../render/revocation.js'),
  ]);
}

function probeHeader(text: string): ProbeHeader {
  return parseProbeHeader('--auth-header', text);
}

function probeUrl(text: string): URL {
  return parseProbeUrl('--verify', text);
}

interface Chosen {
  readonly keys: readonly FoundKey[];
  readonly missing: readonly MissingKey[];
}

async function chosen(rt: Runtime, ctx: Context, choice: KeyChoice, flags: RevokeFlags): Promise<Chosen> {
  const { selectKeys } = await import('../actions/select-keys.js');
  const missing: MissingKey[] = [];
  const keys = await selectKeys(ctx, choice, {
    interactive: rt.canAsk && flags.yes !== true,
    onMissing: (each) => missing.push(each),
    onLeftOut: ({ dead, unknown }) => sayLeftOut(rt, dead, unknown),
  });
  checkExpected(flags.expect, keys.length);
  return { keys, missing };
}

interface Seen extends Chosen {
  readonly radius: readonly BlastRadius[];
}

/** The keys and what would break without them. Nothing stays open while a person thinks. */
async function see(rt: Runtime, choice: KeyChoice, flags: RevokeFlags): Promise<Seen> {
  const { blastRadius } = await import('../actions/blast-radius.js');
  const seen = await rt.withContext({}, async (ctx) => {
    const found = await chosen(rt, ctx, choice, flags);
    const rows = found.keys.map((key) => key.row);
    return { ...found, radius: await blastRadius(ctx, rows) };
  });
  const { sign, warning } = rt.style('stderr');
  for (const { error } of seen.missing) rt.warn(warning(line`${sign.warning} ${clean(error.message)}`));
  return seen;
}

async function look(rt: Runtime, choice: KeyChoice, flags: RevokeFlags): Promise<void> {
  const seen = await see(rt, choice, flags);
  const { blastRadius } = await import('../render/blast-radius.js');
  if (seen.missing.length > 0) rt.exitWith(exitCodes.partial);
  await rt.print(blastRadius, seen.radius);
}

/** What was seen and agreed to. For keys that are dead already there is nothing to agree to, and nothing to give a reason for. */
async function lookAndAsk(
  rt: Runtime,
  choice: KeyChoice,
  flags: RevokeFlags,
): Promise<Chosen & { readonly allDead: boolean }> {
  const seen = await see(rt, choice, flags);
  const allDead = seen.keys.every(({ row }) => ['revoked', 'replaced'].includes(row.key.status));
  if (allDead) return { ...seen, allDead };
  const { blastRadiusQuestion } = await import('../render/blast-radius.js');
  await askConsent(rt, {
    about: blastRadiusQuestion(seen.radius, rt.view('stderr')),
    warning: line`This cannot be undone.`,
    verb: line`revoke`,
    keyIds: seen.keys.map((key) => key.row.key.id),
  });
  return { ...seen, allDead };
}

/** Of a text with tokens only the live keys are meant; what else stood there is not passed over in silence. */
function sayLeftOut(rt: Runtime, dead: number, unknown: number): void {
  if (unknown > 0) rt.warn(line`left out: tokens that are no keys of this database: ${unknown}`);
  if (dead > 0) rt.say(line`left out: tokens of keys that are revoked or replaced already: ${dead}`);
}

interface Agreed {
  readonly reason: string;
  readonly flags: RevokeFlags;
  readonly places: SecretPlaces | null;
}

async function revoke(
  rt: Runtime,
  outside: Context,
  { keys, missing }: Chosen,
  { reason, flags, places }: Agreed,
): Promise<void> {
  const keyIds = keys.map((key) => key.row.key.id);
  const ctx = await inIncident(rt, outside, flags, { keyIds, reason, code: flags.code });
  const { notFoundResult, revokeKeys } = await import('../actions/revoke-keys.js');
  const { nextAfter, revocation } = await import('../render/revocation.js');
  let interrupted = false;
  let done = await revokeKeys(ctx, { keys: keys.map((key) => key.row), reason, code: flags.code });
  done = { ...done, results: [...done.results, ...missing.map(notFoundResult)] };
  if (flags.verify !== undefined) {
    const { proveRevocations } = await import('./revoke-proof.js');
    const url = flags.verify === true ? null : flags.verify;
    ({ done, interrupted } = await proveRevocations(rt, ctx, {
      keys,
      done,
      url,
      withinSeconds: flags.within,
      header: flags.authHeader ?? probeHeader('Authorization'),
      stdinIsKeys: flags.stdin === true,
    }));
  }
  const replacement = places === null ? null : await replace(rt, ctx, { keys, done, reason, places });
  // Before it is printed: a reader that has gone away changes nothing about it.
  const code = exitCodeOf(done.results);
  const whole = code === exitCodes.done && replacement?.all === false ? exitCodes.partial : code;
  rt.exitWith(interrupted ? exitCodes.interrupted : whole);
  await (replacement === null ? rt.print(revocation, done) : replacement.print());
  const next = nextAfter(done, { demo: rt.flags.demo });
  if (next !== null && rt.machine.terminal.stderr) rt.say(rt.style('stderr').muted(next));
}

async function replace(...args: Parameters<typeof ReplaceRevoked>): ReturnType<typeof ReplaceRevoked> {
  const { replaceRevoked } = await import('./revoke-replacement.js');
  return await replaceRevoked(...args);
}

/** One number for several outcomes: the worst that a script has to react to. */
function exitCodeOf(results: readonly RevocationResult[]): ExitCode {
  const failed = results.filter((each) => each.outcome !== 'revoked' && each.outcome !== 'already_revoked');
  if (failed.length > 0 && failed.length < results.length) return exitCodes.partial;
  if (failed.some((each) => each.outcome === 'unknown')) return exitCodes.unknown;
  if (failed.some((each) => each.outcome === 'failed')) return exitCodes.partial;
  if (failed.length > 0) return exitCodes.state;
  const unproven = results.some((each) => each.verification !== null && each.verification.dead !== true);
  return unproven ? exitCodes.check : exitCodes.done;
}
