import { formatDuration } from '../../domain/duration.js';
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
  /** Null where no checkpoints are made. */
  readonly checkpoints: CheckpointFacts | null;
}

/** Where checkpoints are kept, and how that goes. */
interface CheckpointFacts {
  /** What stands against the key or the settings; null when nothing does. */
  readonly problem: { readonly message: string; readonly hint: string | null } | null;
  /** `problem`: the system's word for why it cannot be appended to. `newest`: of any database. */
  readonly sinks: readonly { readonly path: string; readonly problem: string | null }[];
  readonly newest: Date | null;
  readonly now: Date;
}

export function machineChecks(facts: MachineFacts): Check[] {
  return [checkNode(facts), checkName(facts), ...checkPrivate(facts), checkCheckpoints(facts)];
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

/** Without a change for so long nothing is signed; a person may still want to know. */
const oldSeconds = 30 * 86_400;

function checkCheckpoints({ checkpoints }: MachineFacts): Check {
  const name = 'checkpoints';
  const make = 'keyctl audit checkpoint --init';
  if (checkpoints === null) return ok(name, `none are made (${make} begins with them)`);
  const { problem: against, sinks, newest, now } = checkpoints;
  if (against !== null) return problem(name, against.message, against.hint);
  const broken = sinks.find((sink) => sink.problem !== null);
  if (broken !== undefined)
    return problem(name, `${broken.path} cannot be appended to (${broken.problem})`, `ls -l ${broken.path}`);
  if (sinks.length === 0) return warning(name, 'there is no file to append them to', make);
  if (newest === null) return warning(name, 'none was made yet', 'keyctl audit checkpoint');
  const seconds = Math.max(0, (now.getTime() - newest.getTime()) / 1000);
  const finding = `the newest is ${formatDuration(Math.max(1, Math.round(seconds)))} old`;
  return seconds > oldSeconds ? warning(name, finding, 'keyctl audit checkpoint') : ok(name, finding);
}
