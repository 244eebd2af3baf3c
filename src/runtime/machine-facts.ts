import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { MachineFacts, PrivatePath } from '../actions/doctor/machine-checks.js';
import { checkpointFacts } from './checkpoint-facts.js';
import { onPath, ownName } from './own-name.js';
import type { Runtime } from './runtime.js';

/** What `doctor` wants to know of the machine. Looks at names and modes only; opens no file. */
export function machineFacts(rt: Runtime): MachineFacts {
  const { machine } = rt;
  return {
    nodeVersion: machine.nodeVersion,
    keyctl: onPath(machine, 'keyctl'),
    ownName: ownName(machine),
    privatePaths: candidates(rt).flatMap((candidate) => looked(rt, candidate) ?? []),
    checkpoints: checkpointFacts(rt),
  };
}

interface Candidate {
  readonly what: string;
  readonly path: string | undefined;
  readonly kind: PrivatePath['kind'];
}

/** Every place where a secret of ours may lie (CLI.md, Configuration); what is not there is nothing to worry about. */
function candidates({ flags, machine }: Runtime): Candidate[] {
  const { env, homeDirectory } = machine;
  const base = (variable: string | undefined, below: string) =>
    variable !== undefined && isAbsolute(variable) ? variable : join(homeDirectory, below);
  const config = join(base(env.XDG_CONFIG_HOME, '.config'), 'keyctl/config.json');
  const checkpointKey = join(base(env.XDG_CONFIG_HOME, '.config'), 'keyctl/checkpoint.key');
  const data = join(base(env.XDG_DATA_HOME, '.local/share'), 'keyctl');
  return [
    { what: 'the env file', path: flags.envFile ?? env.KEYCTL_ENV_FILE, kind: 'file' },
    { what: 'the configuration', path: config, kind: 'file' },
    { what: 'the password file', path: env.PGPASSFILE ?? join(homeDirectory, '.pgpass'), kind: 'file' },
    {
      what: 'the client key',
      path: env.PGSSLKEY ?? join(homeDirectory, '.postgresql/postgresql.key'),
      kind: 'file',
    },
    { what: 'the embedded database', path: data, kind: 'directory' },
    { what: 'the checkpoint key', path: env.KEYCTL_CHECKPOINT_KEY ?? checkpointKey, kind: 'file' },
  ];
}

function looked({ machine }: Runtime, { what, path, kind }: Candidate): PrivatePath | null {
  if (path === undefined || path === '') return null;
  const full = isAbsolute(path) ? path : join(machine.workingDirectory, path);
  try {
    const { mode, uid } = statSync(full);
    const { uid: ours } = machine.user;
    return { what, path: full, kind, mode, ownedByUs: uid === ours || uid === 0 || ours === 0 };
  } catch {
    return null;
  }
}
