import { type NoteSigner, signNote } from './signed-note.js';

/** What a manifest says of a bundle: which one it is, and each part of it. */
export interface BundleManifest {
  readonly databaseId: string;
  readonly incidentId: string;
  /** RFC 3339, whole seconds: the time that every file in the tar has. */
  readonly madeAt: string;
  readonly parts: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
}

/**
 * The text that is signed: which bundle of which database, when it was made, and each part on a line, in their order in the tar.
 * Signed as a C2SP note (c2sp.org/signed-note) with the checkpoint key; its first line is no checkpoint's origin, so neither
 * is ever taken for the other. Without a signer it is the text alone.
 */
export function bundleManifest(manifest: BundleManifest, signer: NoteSigner | null): string {
  const { databaseId, incidentId, madeAt, parts } = manifest;
  const lines = [
    `keyctl/bundle/${databaseId}`,
    incidentId,
    madeAt,
    ...parts.map(({ name, size, sha256 }) => `${sha256} ${size} ${name}`),
  ];
  const text = lines.map((line) => `${line}\n`).join('');
  return signer === null ? text : signNote(text, signer);
}
