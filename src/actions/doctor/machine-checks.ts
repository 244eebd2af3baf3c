import { type Check, ok, problem, warning } from './check.js';

/** A file or directory of this user that must be his alone. */
export interface PrivatePath {
  /** `the env file`, `the embedded database`. */
  readonly what: string;
  readonly path: string;
  readonly kind: 'file' | 'directory';
  readonly mode: number;
  readonly ownedByUs: boolean;
}

/** What `runtime` found out about the machine. */
export interface MachineFacts {
  readonly nodeVersion: string;
  /** What a shell runs for `keyctl`; null when it finds none. */
  readonly keyctl: { readonly path: string; readonly ours: boolean } | null;
  /** A name by which this program does run. */
  readonly ownName: string;
  readonly privatePaths: readonly PrivatePath[];
}

export function machineChecks(facts: MachineFacts): Check[] {
  return [checkNode(facts), checkName(facts), ...checkPrivate(facts)];
}

function checkNode({ nodeVersion }: MachineFacts): Check {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return ok('node', `Node ${nodeVersion}`);
  return problem('node', `Node ${nodeVersion} is too old, 20.19 or newer is needed`, 'node --version');
}

/** Debian's keyutils has a keyctl with a `revoke` of its own (F22). */
function checkName({ keyctl, ownName }: MachineFacts): Check {
  if (keyctl?.ours === true) return ok('name', `keyctl on PATH is this program (${keyctl.path})`);
  if (keyctl !== null) {
    const finding = `keyctl on PATH is another program: ${keyctl.path} (Debian’s keyutils has one, with a revoke of its own)`;
    return warning('name', finding, `${ownName} --help`);
  }
  return ok('name', `no keyctl on PATH; this one runs as ${ownName}`);
}

function checkPrivate({ privatePaths }: MachineFacts): Check[] {
  const open = privatePaths.filter(({ mode, ownedByUs }) => (mode & 0o077) !== 0 || !ownedByUs);
  if (privatePaths.length === 0) return [ok('files', 'no file of keyctl’s here that could hold a secret')];
  if (open.length === 0) {
    const names = privatePaths.map(({ path }) => path).join(', ');
    return [ok('files', `readable by you alone: ${names}`)];
  }
  return open.map(({ what, path, kind, mode, ownedByUs }) => {
    if (!ownedByUs) return problem('files', `${what}, ${path}, belongs to another user`, `ls -ld ${path}`);
    const wanted = kind === 'directory' ? 0o700 : 0o600;
    const finding = `${what}, ${path}, is open to group or others (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`;
    return problem('files', finding, `chmod ${wanted.toString(8)} ${path}`, {
      kind: 'chmod',
      path,
      mode: wanted,
    });
  });
}
