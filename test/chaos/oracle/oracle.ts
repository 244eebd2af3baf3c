import type { Sql } from 'postgres';
import { brokenLinks, changesWithoutOneRow } from './audit-checks.js';
import { type Facts, readFacts } from './facts.js';
import { keyOf, type TokenReader, tokenReader } from './held-tokens.js';
import {
  decisionsThatDiffer,
  familiesWithoutKey,
  liveKeysHeldByNobody,
  successorsThatAreNotOne,
  tooManyOfAFamily,
  type Violations,
} from './key-checks.js';
import { type Observation, runsThatLied, unusableInEnvFiles } from './run-checks.js';

export type { Observation } from './run-checks.js';

/**
 * Says whether the promises of DESIGN 5 were kept, from what stands in the database and in the files alone. Nothing in
 * this folder imports from `src/`, and of the kernel's functions it asks only `decide`, to compare it with its own answer.
 */
export interface Oracle {
  /** @param runs that ended since the last look: whether exit code and truth agree is judged now */
  look(runs?: readonly Observation[]): Promise<Violations>;
  /** At the env files alone, while something runs. */
  glance(): Promise<Violations>;
  /** Everything seen so far. */
  report(): OracleReport;
}

export interface OracleReport {
  readonly looks: number;
  readonly glances: number;
  readonly runs: number;
  /** By promise, what broke it. */
  readonly promises: ReadonlyMap<string, Violations>;
}

export interface Grounds {
  /** As somebody who may read verifiers. */
  readonly sql: Sql;
  /** Where secrets are left: in sinks, staged beside them, printed. */
  readonly directories: readonly string[];
  /** What stands in them now; asked at every look. */
  readonly envFiles: () => readonly string[];
  /** Of the age recipient that secrets are encrypted to. */
  readonly ageIdentity: string | null;
}

const inEnvFiles = 'what stands in an env file is usable at every moment';

export function openOracle(grounds: Grounds): Oracle {
  const reader = tokenReader(grounds.ageIdentity);
  const broken = new Map<string, Violations>();
  const lived = new Set<string>();
  const seen = { looks: 0, glances: 0, runs: 0 };
  const note = (found: Record<string, Violations>): Violations => {
    for (const [promise, violations] of Object.entries(found))
      broken.set(promise, [...new Set([...(broken.get(promise) ?? []), ...violations])]);
    return Object.values(found).flat();
  };
  return {
    async look(runs = []) {
      seen.looks += 1;
      seen.runs += runs.length;
      const facts = await readFacts(grounds.sql);
      const found = {
        'no family lost its last usable key': familiesWithoutKey(facts, lived),
        'no live key is held by nobody': liveKeysHeldByNobody(facts, await heldKeys(facts, grounds, reader)),
        'at most one active, one pending and two usable keys a family': tooManyOfAFamily(facts),
        'one successor each, and it names what it replaces': successorsThatAreNotOne(facts),
        'one audit row per change': changesWithoutOneRow(facts),
        'the hash chain holds': brokenLinks(facts),
        'the kernel decides as the columns say': decisionsThatDiffer(facts),
        'exit code and truth agree': await runsThatLied(facts, runs, reader),
        [inEnvFiles]: await unusableNow(grounds, reader),
      };
      for (const key of facts.keys) if (key.usable) lived.add(key.familyId);
      return note(found);
    },
    async glance() {
      seen.glances += 1;
      return note({ [inEnvFiles]: await unusableNow(grounds, reader) });
    },
    report: () => ({ ...seen, promises: broken }),
  };
}

async function heldKeys(facts: Facts, { directories }: Grounds, reader: TokenReader): Promise<Set<string>> {
  const tokens = await reader.under(directories);
  return new Set(tokens.flatMap(({ token }) => keyOf(facts.keys, token)?.id ?? []));
}

/** A key may end between reading the file and asking the database, if the file has changed before: only then look again. */
async function unusableNow({ sql, envFiles }: Grounds, reader: TokenReader): Promise<Violations> {
  const read = async () => (await Promise.all(envFiles().map((file) => reader.in(file)))).flat();
  const before = await read();
  const facts = await readFacts(sql);
  const wrong = unusableInEnvFiles(facts, before);
  if (wrong.length === 0) return wrong;
  const after = await read();
  return unusableInEnvFiles(
    facts,
    before.filter(({ token }) => after.some((each) => each.token === token)),
  );
}

/** A text to be pasted. */
export function reportText({ looks, glances, runs, promises }: OracleReport): string {
  const lines = [...promises].map(([promise, violations]) =>
    violations.length === 0 ? `  held    ${promise}` : `  BROKEN  ${promise}: ${violations.length}`,
  );
  const details = [...promises.values()].flat().map((violation) => `    - ${violation}`);
  const broken = [...promises.values()].flat().length;
  return [
    `oracle: ${looks} looks at database and files, ${glances} glances at env files meanwhile, ${runs} runs judged`,
    ...lines,
    ...details,
    broken === 0 ? 'no violation' : `${broken} violations`,
  ].join('\n');
}
