import { type ExitCode, exitCodes } from '../domain/errors.js';
import { tokensIn } from '../domain/token-scan.js';
import { clean, joinLines, line, type Safe } from '../render/terminal-text.js';
import type { Choice } from '../runtime/prompts.js';
import type { Runtime } from '../runtime/runtime.js';

/** Runs a command line as if it had been typed; the words after `keyctl`. */
export type RunLine = (words: readonly string[]) => Promise<ExitCode>;

type Job = (rt: Runtime, run: RunLine) => Promise<ExitCode>;

const jobs: readonly Choice<Job>[] = [
  choice(line`A key leaked`, line`step by step: whose it is, what it did, stop it, replace it`, (_rt, run) =>
    run(['incidents', 'run', '--playbook', 'compromise']),
  ),
  choice(line`Whose key is this?`, line`paste it, see what it did, revoke it or not`, pasted),
  choice(line`Revoke a key`, line`search for it, see what would break, say why`, (_rt, run) =>
    run(['revoke']),
  ),
  choice(line`Rotate a key`, line`a new secret, and a grace period for the old one`, (_rt, run) =>
    run(['rotate']),
  ),
  choice(line`What burns?`, line`the board of incidents: who has them, what comes next`, (_rt, run) =>
    run(['incidents', 'triage']),
  ),
  choice(line`What is unusual?`, line`the dashboard of findings: keys by risk, and why`, (_rt, run) =>
    run(['audit', 'review']),
  ),
  choice(line`Review access`, line`what keys may do and did: keep, narrow or revoke`, (_rt, run) =>
    run(['keys', 'review']),
  ),
  choice(line`Look at a key`, line`status, owner, limits, last use`, (rt, run) =>
    withKey(rt, run, ['keys', 'show']),
  ),
  choice(line`What was done with a key`, line`requests by endpoint`, (rt, run) =>
    withKey(rt, run, ['audit', 'endpoints']),
  ),
  choice(line`What was done to the keys`, line`the audit log, newest first`, (_rt, run) =>
    run(['audit', 'log']),
  ),
  choice(line`Is the audit log whole?`, line`walks the chain`, (_rt, run) => run(['audit', 'verify'])),
  choice(line`List the keys`, line`last used first`, (_rt, run) => run(['keys', 'list'])),
  choice(line`Try it out`, line`makes a month of made-up history in a database of its own`, (_rt, run) =>
    run(['demo']),
  ),
  choice(line`Help`, line`all commands`, (_rt, run) => run(['help'])),
];

/**
 * `keyctl` alone on a terminal: asks what there is to do and does it by the same commands, each of which is shown first,
 * so that next time it can be typed. Answers the exit code of the last one.
 * @param given the global flags that stood behind `keyctl`; they hold for each command
 */
export async function menu(rt: Runtime, given: readonly string[], run: RunLine): Promise<ExitCode> {
  const job = await rt.prompts.select(line`What is there to do?`, jobs);
  return await job(rt, (words) => {
    const typed = clean([...words, ...given].join(' '));
    rt.warn(joinLines([line``, rt.style('stderr').muted(line`this is  keyctl ${typed}`)]));
    return run(words);
  });
}

function choice(name: Safe, description: Safe, value: Job): Choice<Job> {
  return { name, description, value };
}

async function withKey(rt: Runtime, run: RunLine, words: readonly string[]): Promise<ExitCode> {
  const { searchKey } = await import('./search-key.js');
  return await run([...words, await searchKey(rt)]);
}

/** The token itself goes into no command line: what is run names the ids that stand in it. */
async function pasted(rt: Runtime, run: RunLine): Promise<ExitCode> {
  const text = await rt.prompts.hidden(line`Paste the line that leaked (not shown):`);
  const ids = [...new Set(tokensIn(text).map((found) => found.id))];
  if (ids.length === 0) {
    rt.warn(
      joinLines([
        line`No token of ours stands in it. For a longer text or a whole file:`,
        line`  keyctl keys identify FILE`,
      ]),
    );
    return exitCodes.notFound;
  }
  for (const id of ids) {
    const code = await run(['keys', 'show', id]);
    if (code !== exitCodes.done) return code;
    await run(['audit', 'endpoints', id]);
  }
  const next = await rt.prompts.select(line`And now?`, [
    { value: true, name: line`revoke ${ids.length === 1 ? line`it` : line`them`}` },
    { value: false, name: line`leave ${ids.length === 1 ? line`it` : line`them`} as it is` },
  ]);
  return next ? await run(['revoke', ...ids, '--code', 'leaked']) : exitCodes.done;
}
