import { configError } from '../domain/errors.js';

/** The little of a file system that configuration needs; tests bring their own. */
export interface FilePort {
  /** The text, or null when there is no such file. */
  readText(path: string): string | null;
  /** Mode bits and owner, links followed; null when there is no such file. */
  stat(path: string): { readonly mode: number; readonly uid: number } | null;
}

/**
 * The text of a file that holds a secret, or null when there is none.
 * @throws KeyctlError 78 when group or others can read or change it, naming the chmod to run.
 */
export function readPrivateFile(files: FilePort, path: string, uid: number): string | null {
  if (files.stat(path) === null) return null;
  requirePrivate(files, path, uid);
  return files.readText(path);
}

/** The same refusal (78), for a file that is read elsewhere; one that is not there is not refused. */
export function requirePrivate(files: Pick<FilePort, 'stat'>, path: string, uid: number): void {
  const found = files.stat(path);
  if (found === null) return;
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
    throw configError(
      'file_not_private',
      `${path} can hold a secret, and group or others can read or change it (mode ${mode})`,
      `chmod 600 ${path}`,
    );
  }
  if (found.uid !== uid && found.uid !== 0 && uid !== 0) {
    throw configError(
      'file_not_private',
      `${path} can hold a secret, and belongs to another user (uid ${found.uid})`,
      `cp ${path} COPY && chmod 600 COPY, and name the copy`,
    );
  }
}

/** The same for a file that was named by the user, who has to hear that it is not there. */
export function readNamedPrivateFile(files: FilePort, path: string, uid: number, setting: string): string {
  const text = readPrivateFile(files, path, uid);
  if (text !== null) return text;
  throw missingFile(setting, path);
}

/** Exit 78 for a file that a setting names and that is not there. */
export function missingFile(setting: string, path: string) {
  return configError('file_missing', `${setting} names ${path}, which cannot be read`, `ls -l ${path}`);
}
