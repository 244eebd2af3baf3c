import { unlink } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { KeyctlError } from '../domain/errors.js';
import { codeOf, createDraftFile, type DraftFile, refuseExisting, unwritten } from './draft-file.js';

/** The file of `--out`: it stands under its name whole, or not at all. */
export interface ExportFile extends Pick<DraftFile, 'write' | 'seal' | 'discard'> {
  /** Gives the file its name, then the manifest beside it. */
  place(manifest: string): Promise<void>;
}

/** `FILE.manifest.json`. */
export function manifestPath(path: string): string {
  return `${path}.manifest.json`;
}

/**
 * Begins a file beside the one that is meant, readable by its owner alone. What is there already, a symbolic link too, is
 * refused unless `force` says that it may be replaced.
 * @throws KeyctlError 2
 */
export async function createExportFile(
  directory: string,
  path: string,
  { force }: { readonly force: boolean },
): Promise<ExportFile> {
  const file = resolve(directory, path);
  const manifest = manifestPath(file);
  if (!force) {
    await refuseExisting(file, path);
    await refuseExisting(manifest, basename(manifest));
  }
  const options = { path, force, example: 'export.ndjson' };
  const draft = await createDraftFile({ ...options, file });
  let beside: DraftFile | null = null;
  return {
    write: draft.write,
    seal: draft.seal,
    async place(text) {
      beside = await createDraftFile({ ...options, file: manifest });
      await placed({ draft, beside, text, path, replaced: force ? manifest : null });
    },
    async discard() {
      await draft.discard();
      await beside?.discard();
    },
  };
}

interface Placing {
  readonly draft: DraftFile;
  readonly beside: DraftFile;
  readonly text: string;
  readonly path: string;
  readonly replaced: string | null;
}

/** The manifest last: where it stands, the file that it describes does. One of an older file goes first. */
async function placed({ draft, beside, text, path, replaced }: Placing): Promise<void> {
  await beside.write(Buffer.from(text));
  await beside.seal();
  try {
    if (replaced !== null) await unlink(replaced).catch(ifThere);
  } catch (error) {
    throw error instanceof KeyctlError ? error : unwritten(path, error);
  }
  await draft.place();
  await beside.place();
}

function ifThere(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}
