import type { Command } from 'commander';
import type { Identified } from '../../actions/identify-tokens.js';
import { targetName } from '../../db/settings.js';
import { cutTokens } from '../../domain/cut-tokens.js';
import { exitCodes, usageError } from '../../domain/errors.js';
import { tokenHider } from '../../domain/leak.js';
import { parseReference } from '../../domain/reference.js';
import { programName } from '../../render/program-name.js';
import { clean, joinWith, line } from '../../render/terminal-text.js';
import type { GitSource } from '../../runtime/git-history.js';
import type { Runtime } from '../../runtime/runtime.js';
import type { LeakSource } from '../../runtime/text-input.js';
import { warnOfTypedTokens } from '../argv-token.js';
import { newCommand } from '../new-command.js';

/** As many as `identifyTokens` keeps; a blob that came in with several commits must not lengthen the list. */
const mostPlacesTold = 20;

const reader = { command: 'keyctl keys identify', example: 'keyctl keys identify leak.txt' };

interface IdentifyFlags {
  readonly fromReport?: string;
  readonly git?: string;
  readonly failOnFound?: boolean;
  readonly openIncident?: boolean;
}

export function identifyCommand(rt: Runtime): Command {
  return newCommand(rt, 'identify')
    .summary('find tokens of ours in a text, a report or a git history')
    .description(
      'Find every token of ours in a text: whose it is, whether it is live, dead (revoked or replaced) or unknown here, ' +
        'and where it stood. Cut tokens (kc_7Q2mK9xZab3d****) are found by their public part. gzip and UTF-16 are read. ' +
        'With -o json it can be piped into keyctl revoke --stdin. Exit 6: something could not be searched.',
    )
    .argument('[file]', 'file to search, - for stdin; on a terminal the paste of a leak is asked for')
    .option('--from-report <file>', 'findings of gitleaks or trufflehog, as JSON')
    .option('--git <path>', 'every object of the repository at this path, whatever commit or branch holds it')
    .option('--open-incident', 'open an incident about the live ones')
    .option('--fail-on-found', 'exit 7 when a live one was found')
    .action(async (file: string | undefined, flags: IdentifyFlags) => {
      const { identifyTokens } = await import('../../actions/identify-tokens.js');
      const source = await sourceOf(rt, file, flags);
      const found = await rt.withContext({}, async (ctx) => {
        const hide = showSearching(rt, source);
        const identified = await identifyTokens(ctx, source.sightings).finally(hide);
        return { ...identified, where: targetName(ctx.db.target) };
      });
      const incidentId = flags.openIncident === true ? await openLeak(rt, source, found) : null;
      await show(rt, source, { ...found, tokens: await located(source, found), incidentId });
      const live = found.tokens.some((token) => token.verdict === 'live');
      if (flags.failOnFound === true && live) rt.exitWith(exitCodes.check);
      // A search of a part is no search of the whole: a cron job must notice.
      else if (source.gaps.length > 0) rt.exitWith(exitCodes.partial);
    });
}

/** How far the search is, on a terminal, written over; a history of some gigabytes takes its time. */
function showSearching(rt: Runtime, source: LeakSource): () => void {
  const { stderr, terminal } = rt.machine;
  if (!terminal.stderr || rt.flags.quiet) return () => {};
  const draw = () => stderr.write(`\r${line`searched ${Math.round(source.bytesRead() / 1e6)} MB`}\x1b[K`);
  const timer = setInterval(draw, 500);
  return () => {
    clearInterval(timer);
    stderr.write('\r\x1b[K');
  };
}

async function sourceOf(
  rt: Runtime,
  file: string | undefined,
  flags: IdentifyFlags,
): Promise<LeakSource | GitSource> {
  const given = [file, flags.fromReport, flags.git].filter((each) => each !== undefined);
  if (given.length > 1) {
    throw usageError(
      'FILE',
      'one thing at a time: a file, a report or a repository',
      'keyctl keys identify --git .',
    );
  }
  const { openLog } = await import('../../runtime/log-input.js');
  const { textSource } = await import('../../runtime/text-input.js');
  if (flags.git !== undefined) {
    const { gitSource } = await import('../../runtime/git-history.js');
    return await gitSource(rt.machine, flags.git);
  }
  if (flags.fromReport !== undefined) {
    const { reportReader, reportSource } = await import('../../runtime/report-input.js');
    const report = await openLog(rt.machine, flags.fromReport, reportReader);
    return reportSource(report.name, report.chunks);
  }
  if (file !== undefined && isToken(file)) {
    warnOfTypedTokens(rt, [file]);
    return textSource('the argument', once(Buffer.from(file)));
  }
  if (file !== undefined && file !== '-') {
    const text = await openLog(rt.machine, file, reader);
    return textSource(text.name, text.chunks);
  }
  // A pipe may bring nothing for long: that there is no database is said before.
  if (file === '-' || !rt.machine.terminal.stdin) {
    return textSource(
      'stdin',
      later(async () => (await openLog(rt.machine, '-', reader)).chunks),
    );
  }
  if (!rt.canAsk)
    throw usageError('FILE', 'which text?', 'keyctl keys identify leak.txt, or … | keyctl keys identify -');
  const { readPaste } = await import('../../runtime/paste-input.js');
  return textSource('the paste', once(await readPaste(rt)));
}

/** A token where a file is meant: who holds one token of a leak types it. A file of such a name is ./NAME. */
function isToken(file: string): boolean {
  return file.trim() !== '' && ['token', 'redacted', 'broken_token'].includes(parseReference(file).kind);
}

async function* once(text: Buffer): AsyncGenerator<Uint8Array, void, void> {
  yield text;
}

async function* later(
  open: () => Promise<AsyncIterable<Uint8Array>>,
): AsyncGenerator<Uint8Array, void, void> {
  yield* await open();
}

/** In a repository the objects that count are told their commits and paths; elsewhere the places are known already. */
async function located(source: LeakSource | GitSource, found: Identified): Promise<Identified['tokens']> {
  if (!('locate' in source)) return found.tokens;
  const placesOf = await source.locate(found.tokens.flatMap((token) => token.places));
  return found.tokens.map((token) => ({
    ...token,
    places: token.places.flatMap((place) => placesOf(place, token.id)).slice(0, mostPlacesTold),
  }));
}

/** The incident about the live keys of a leak; null when there are none. */
async function openLeak(rt: Runtime, source: LeakSource, found: Identified): Promise<string | null> {
  const live = found.tokens.flatMap(({ verdict, row }) =>
    verdict === 'live' && row !== null ? [row.key.id] : [],
  );
  const { ok, sign, glyph } = rt.style('stderr');
  if (live.length === 0) {
    rt.say(line`no live key was found: no incident was opened`);
    return null;
  }
  const { openIncident } = await import('../../actions/incidents/open-incident.js');
  const keys = live.length === 1 ? 'live key' : `${live.length} live keys`;
  const title = plainTitle(`${keys} in ${tokenHider(found.tokens)(source.name)}`);
  const { answer } = await rt.withContext({}, (ctx) =>
    openIncident(ctx, { title, type: 'leak', severity: 'high', detectedAt: null, lead: null, keyIds: live }),
  );
  rt.say(
    ok(
      line`${sign.ok} ${clean(answer.incident_id)} opened: ${clean(title)} ${glyph.dot} audit ${answer.audit_seq ?? 0}`,
    ),
  );
  return answer.incident_id;
}

/** A name of a file can hold anything. */
function plainTitle(text: string): string {
  return cutTokens(text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ')).text.slice(0, 200);
}

async function show(
  rt: Runtime,
  source: LeakSource,
  found: Identified & { where: string; incidentId: string | null },
): Promise<void> {
  const { identified } = await import('../../render/identified.js');
  const hide = tokenHider(found.tokens);
  const tokens = found.tokens.map((token) => ({
    ...token,
    places: token.places.map((place) => ({
      ...place,
      source: hide(place.source),
      path: place.path === null ? null : hide(place.path),
    })),
  }));
  const gaps = source.gaps.map(hide);
  await rt.print(identified, { ...found, tokens, source: hide(source.name), gaps });
  const { sign, warning } = rt.style('stderr');
  for (const gap of gaps) rt.warn(warning(line`${sign.warning} ${clean(cutTokens(gap).text)}`));
  const live = found.tokens.flatMap((token) => (token.verdict === 'live' ? [token.row?.key.id ?? ''] : []));
  if (live.length > 0 && rt.flags.output === 'table') {
    const ids = joinWith(
      line` `,
      live.slice(0, 10).map((id) => clean(id)),
    );
    const keyctl = programName(rt.flags.demo);
    rt.say(line`  next  ${keyctl} revoke ${ids} --code leaked --reason "leaked in …"`);
  }
}
