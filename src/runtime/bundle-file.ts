import { resolve } from 'node:path';
import { createDraftFile, type DraftFile, refuseExisting } from './draft-file.js';

/**
 * The file of a bundle, readable by its owner alone. What is there already, a symbolic link too, is refused unless `force` says
 * that it may be replaced.
 * @throws KeyctlError 2
 */
export async function createBundleFile(
  directory: string,
  path: string,
  { force }: { readonly force: boolean },
): Promise<DraftFile> {
  const file = resolve(directory, path);
  if (!force) await refuseExisting(file, path);
  return await createDraftFile({ file, path, force, example: 'INC-7.tar' });
}
