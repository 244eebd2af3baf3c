import { constants, type Stats } from 'node:fs';
import { open, readFile, realpath } from 'node:fs/promises';
import { codeOf, type Ownership } from './new-file.js';
import { SinkError } from './sink.js';

/** An env file as it stands. */
export interface EnvFile {
  /** One character a byte (latin1): what is no UTF-8 survives too. */
  readonly text: string;
  readonly ownership: Ownership;
}

const largest = 1024 * 1024;

/**
 * Reads an env file that a secret may go into.
 * @throws SinkError when it is missing, a symbolic link, no regular file, or open to others
 */
export async function readEnvFile(path: string): Promise<EnvFile> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    throw unreadable(error, path);
  });
  try {
    const stats = await file.stat();
    refuseUnfit(stats, path);
    await refuseMountPoint(path);
    const text = (await file.readFile()).toString('latin1');
    return { text, ownership: { uid: stats.uid, gid: stats.gid, mode: stats.mode & 0o7777 } };
  } finally {
    await file.close();
  }
}

function refuseUnfit(stats: Stats, path: string): void {
  if (!stats.isFile()) throw new SinkError('it is no regular file', `ls -ld ${path}`);
  if ((stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    throw new SinkError(`group or others can read or change it (mode ${mode})`, `chmod 600 ${path}`);
  }
  // It is replaced by a new file: the other name would keep the old key.
  if (stats.nlink > 1) throw new SinkError('it has a second name (a hard link)', `ls -l ${path}`);
  if (stats.size > largest) throw new SinkError('it is too large for an env file', `ls -l ${path}`);
}

/** A file that a container has from outside can be written, but not replaced; outside it, nobody would see the new one. */
async function refuseMountPoint(path: string): Promise<void> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const mounted = mounts.split('\n').map((line) => line.split(' ')[4]);
  if (!mounted.includes(await realpath(path))) return;
  throw new SinkError(
    'it is a mount of its own, and cannot be replaced',
    `findmnt ${path}; mount its directory instead`,
  );
}

function unreadable(error: unknown, path: string): SinkError {
  switch (codeOf(error)) {
    case 'ELOOP':
      return new SinkError(
        'it is a symbolic link, which would be replaced',
        `readlink -f ${path}, and name that file`,
      );
    case 'ENOENT':
      // Made here, it would be a file that no service reads, while the service goes on with the old key.
      return new SinkError(
        'there is no such file',
        `touch ${path} && chmod 600 ${path}, if that is the right name`,
      );
    case 'EACCES':
      return new SinkError('it may not be read', `ls -l ${path}`);
    default:
      return new SinkError(`it could not be read (${codeOf(error)})`, `ls -l ${path}`);
  }
}
