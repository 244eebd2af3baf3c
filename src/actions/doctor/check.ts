/** `not_checked`: it could not be looked at, and the finding says why. Only a `problem` makes `doctor` fail. */
export type Verdict = 'ok' | 'warning' | 'problem' | 'not_checked';

/** What `--fix` may do about it by itself; everything else is a person's decision. */
export type Fix =
  | { readonly kind: 'chmod'; readonly path: string; readonly mode: number }
  | { readonly kind: 'partitions' };

/** What one check found: a plain sentence, and the command that does something about it. */
export interface Check {
  readonly name: string;
  readonly verdict: Verdict;
  readonly finding: string;
  readonly command: string | null;
  readonly fix: Fix | null;
}

export function ok(name: string, finding: string): Check {
  return { name, verdict: 'ok', finding, command: null, fix: null };
}

export function notChecked(name: string, why: string): Check {
  return { name, verdict: 'not_checked', finding: why, command: null, fix: null };
}

export function warning(
  name: string,
  finding: string,
  command: string | null,
  fix: Fix | null = null,
): Check {
  return { name, verdict: 'warning', finding, command, fix };
}

export function problem(
  name: string,
  finding: string,
  command: string | null,
  fix: Fix | null = null,
): Check {
  return { name, verdict: 'problem', finding, command, fix };
}
