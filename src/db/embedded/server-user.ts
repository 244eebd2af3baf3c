import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import type { Binaries } from './binaries.js';
import { runToEnd } from './commands.js';

/**
 * As whom the server runs. PostgreSQL refuses to be root (F8), so for root it is either root behind a user namespace that
 * calls it `nobody` (files stay root's, a 0700 home is no obstacle), or truly another user.
 */
export type ServerUser =
  | { readonly kind: 'self' }
  | { readonly kind: 'mapped'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'switched'; readonly name: string; readonly uid: number; readonly gid: number };

export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly identity: { readonly uid?: number; readonly gid?: number };
}

/**
 * Decides it, by trying the namespace out: containers often forbid it.
 * @throws KeyctlError 73 when root has no other user to run the server as.
 */
export async function chooseServerUser(binaries: Binaries): Promise<ServerUser> {
  if (userInfo().uid !== 0) return { kind: 'self' };
  const users = await otherUsers();
  const nobody = users.find((user) => user.name === 'nobody') ?? users[0];
  if (nobody !== undefined) {
    const mapped = { kind: 'mapped', uid: nobody.uid, gid: nobody.gid } as const;
    const { file, args } = commandAs(mapped, `${binaries.directory}/initdb`, ['--version']);
    if ((await runToEnd(file, args)).status === 0) return mapped;
  }
  const other = users.find((user) => user.name === 'postgres') ?? nobody;
  if (other !== undefined) return { kind: 'switched', ...other };
  throw new KeyctlError({
    code: 'embedded_as_root',
    message: 'PostgreSQL refuses to run as root, and this machine has no other user for it',
    hint: 'run keyctl as a user who is not root, or set DATABASE_URL',
    exitCode: exitCodes.embedded,
  });
}

/** How to start `file` as `user`. The mapped uid is one from passwd, because initdb looks its name up. */
export function commandAs(user: ServerUser, file: string, args: readonly string[]): ServerCommand {
  if (user.kind === 'self') return { file, args, identity: {} };
  if (user.kind === 'switched') return { file, args, identity: { uid: user.uid, gid: user.gid } };
  const map = ['--user', `--map-user=${user.uid}`, `--map-group=${user.gid}`, '--', file, ...args];
  return { file: 'unshare', args: map, identity: {} };
}

interface NamedUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

async function otherUsers(): Promise<NamedUser[]> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n');
  return lines
    .map((line) => line.split(':'))
    .filter((fields) => fields.length >= 7 && fields[2] !== '0')
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
}

/** Whether a user who is neither owner nor in the group can walk down to `path`. */
export async function canBeReached(path: string): Promise<boolean> {
  const mode = await stat(path).then(
    (found) => found.mode,
    () => 0o001,
  );
  if ((mode & 0o001) === 0) return false;
  const parent = dirname(path);
  return parent === path || (await canBeReached(parent));
}
