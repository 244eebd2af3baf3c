import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { exitCodes, KeyctlError, usageError } from '../domain/errors.js';
import type { KnownDigests } from '../domain/known-digests.js';
import type { Place, Sighting } from '../domain/leak.js';
import { gitObjects, type InObject } from './git-objects.js';
import { placesInCommits } from './git-places.js';
import type { Machine } from './machine.js';
import { countedChunks, type LeakSource } from './text-input.js';

/** A whole history as a source; what stood in an object is told commit and path afterwards, for the few that count. */
export interface GitSource extends LeakSource {
  /** Each place in an object as the places (commit and path) where that object came into the history, oldest first. */
  locate(places: readonly Place[]): Promise<(place: Place, keyId: string) => readonly Place[]>;
}

/**
 * Every object that lies in the repository at `path`: each version of each file of every commit of every branch, tag,
 * stash and note, commit messages, tags and file names, and also what no ref reaches any more (amended commits, dropped
 * stashes), which a `git log -p` never shows. Each object is read once. The repository is read by git and not changed.
 * @throws KeyctlError 2 when there is no repository, 1 when there is no git
 */
export async function gitSource(machine: Machine, path: string): Promise<GitSource> {
  const directory = resolve(machine.workingDirectory, path);
  const git = (args: readonly string[]) => startGit(machine, directory, args);
  const about = await output(git(['rev-parse', '--is-shallow-repository']), { path, directory });
  const gaps: string[] = [];
  if (about.startsWith('true'))
    gaps.push(`${path} is a shallow clone: what came before its first commit is not in it`);
  const partial = await output(git(['config', '--get-regexp', promisor]), null);
  if (partial !== '') gaps.push(`${path} is a partial clone: files that were never fetched are not in it`);
  return {
    name: path,
    gaps,
    ...sightingsIn(path, git, gaps),
    locate: (places) => placesInCommits(git, places),
  };
}

/** Two spellings of git, old and new, for a clone that leaves objects on its server. */
const promisor = '^(extensions\\.partialclone|remote\\..*\\.(promisor|partialclonefilter))$';

export type Git = (args: readonly string[]) => ChildProcess;

function sightingsIn(path: string, git: Git, gaps: string[]): Pick<GitSource, 'sightings' | 'bytesRead'> {
  // Started when it is read: a git that nobody reads from would keep the program waiting.
  async function* objects(): AsyncGenerator<Uint8Array, void, void> {
    // Unordered is the order of the packs: what is stored as a difference is read beside what it differs from.
    const child = git(['cat-file', '--batch-all-objects', '--batch', '--unordered', '--buffer']);
    const ended = exitOf(child);
    child.stderr?.resume();
    yield* child.stdout ?? [];
    if ((await ended) !== 0) gaps.push(`git could not read all of ${path} (git fsck tells more)`);
  }
  const counted = countedChunks(objects());
  async function* sightings(known: KnownDigests | null): AsyncGenerator<Sighting, void, void> {
    const named = new Set<string>();
    for await (const { found, object, kind } of gitObjects(counted.chunks, known)) {
      // Every version of a folder repeats all its names: each is told once.
      if (kind === 'file_name' && !isNew(named, found.token?.reveal() ?? found.id)) continue;
      yield { found, place: placeOf(path, { found, object, kind }) };
    }
  }
  return { sightings, bytesRead: counted.bytesRead };
}

function placeOf(path: string, { found, object, kind }: InObject): Place {
  const inText = kind !== 'file_name';
  return {
    kind,
    source: path,
    commit: kind === 'commit_message' ? object : null,
    path: null,
    object,
    line: inText ? found.line : null,
    column: inText ? found.column : null,
  };
}

function isNew(seen: Set<string>, name: string): boolean {
  const before = seen.size;
  return seen.add(name).size > before;
}

/**
 * git as it must not be led astray: no variable of ours names another repository (a hook's GIT_DIR), replaced objects
 * show their originals, nothing is fetched, no pager or helper of a hostile configuration is started.
 */
function startGit(machine: Machine, directory: string, args: readonly string[]): ChildProcess {
  const kept = ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'SYSTEMROOT'].flatMap((name) => {
    const value = machine.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  const env = {
    ...Object.fromEntries(kept),
    LC_ALL: 'C',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
  };
  const settings = ['-c', 'protocol.allow=never', '-c', 'log.showSignature=false'];
  return spawn('git', ['--no-pager', ...settings, '-C', directory, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** All of a short answer. When git says no: a usage error about the repository, or '' where none is named. */
async function output(
  child: ChildProcess,
  repository: { readonly path: string; readonly directory: string } | null,
): Promise<string> {
  const answer = textOf(child.stdout);
  const complaint = textOf(child.stderr);
  if ((await exitOf(child)) === 0) return (await answer).trim();
  if (repository === null) return '';
  const { path, directory } = repository;
  const dubious = (await complaint).includes('dubious ownership');
  throw usageError(
    '--git',
    dubious ? `${path} belongs to another user, and git refuses to read it` : `${path} is no git repository`,
    dubious
      ? `git config --global --add safe.directory ${directory}`
      : '--git . inside a clone, or --git path/to/clone',
  );
}

async function textOf(stream: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((settle, fail) => {
    child.once('close', (code) => settle(code));
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      fail(
        new KeyctlError({
          code: 'git_missing',
          message: missing
            ? 'git is not installed, and --git reads a repository with it'
            : 'git cannot be started',
          hint: 'install git, or search files: keyctl keys identify FILE',
          exitCode: exitCodes.bug,
        }),
      );
    });
  });
}
