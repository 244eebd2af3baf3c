import type { Place } from '../domain/leak.js';
import { tokensIn } from '../domain/token-scan.js';
import type { Git } from './git-history.js';

interface InCommit {
  readonly commit: string;
  readonly path: string;
}

/** As many as anybody reads; a file that was renamed a hundred times stands in the first ones. */
const mostPlaces = 20;

/**
 * Commit and path of objects, by one walk over the changes of every commit that any ref, stash or reflog reaches. A merge
 * is compared with each of its parents, a rename is a new file. Of the commits that bring the same object to the same
 * path the oldest counts: that is where it came in.
 */
export async function placesInCommits(
  git: Git,
  places: readonly Place[],
): Promise<(place: Place, keyId: string) => readonly Place[]> {
  const objects = new Map<string, Map<string, InCommit>>();
  const names = new Map<string, Map<string, InCommit>>();
  for (const place of places) {
    if (place.kind === 'file' && place.object !== null) objects.set(place.object, new Map());
  }
  const wantsNames = places.some((place) => place.kind === 'file_name');
  if (objects.size > 0 || wantsNames) {
    for await (const { object, ...where } of changes(git)) {
      // Parents come after their children, so that the last one seen is the oldest.
      keepLast(objects.get(object), where);
      if (!wantsNames) continue;
      for (const { id } of tokensIn(where.path)) {
        const paths = names.get(id) ?? new Map<string, InCommit>();
        keepLast(paths, where);
        names.set(id, paths);
      }
    }
  }
  return (place, keyId) => {
    const inCommits = place.kind === 'file_name' ? names.get(keyId) : objects.get(place.object ?? '');
    const found = [...(inCommits?.values() ?? [])];
    if (found.length === 0) return [place];
    return found
      .slice(-mostPlaces)
      .reverse()
      .map((where) => ({ ...place, ...where }));
  };
}

/** The one seen last, at the end. */
function keepLast(paths: Map<string, InCommit> | undefined, where: InCommit): void {
  paths?.delete(where.path);
  paths?.set(where.path, where);
}

async function* changes(git: Git): AsyncGenerator<InCommit & { readonly object: string }, void, void> {
  const child = git([
    ...['log', '--all', '--reflog', '--topo-order', '--root', '-m', '--raw', '-r', '-z'],
    ...['--no-abbrev', '--no-renames', '--no-ext-diff', '--format=%H'],
  ]);
  child.stderr?.resume();
  let commit = '';
  let object: string | null = null;
  for await (const word of words(child.stdout ?? [])) {
    if (object !== null) {
      yield { commit, path: word, object };
      object = null;
      continue;
    }
    const [, after] = /^\n?:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) [A-Z]\d*$/.exec(word) ?? [];
    if (after !== undefined) object = after;
    else commit = word.trim();
  }
}

/** What stands between NULs; paths that are no UTF-8 keep their readable part. */
async function* words(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<string, void, void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, from)) {
      yield bytes.toString('utf8', from, end);
      from = end + 1;
    }
    rest = bytes.subarray(from);
  }
}
