import { type Placed, placeFile, removePlaced } from './place-file.js';
import type { IssuedKey, Sink } from './sink.js';

export interface Note {
  /** Absolute. */
  readonly path: string;
  /** The note about a key; it names the key's id and holds nothing of the secret. */
  readonly textOf: (key: IssuedKey) => string;
}

/**
 * A sink that also puts a note beside the secret: it is there before the key is active, and taken back with it. It is no
 * sink of its own, because it does not hold the secret, and the audit log names those that do.
 */
export function withNote(sink: Sink, { path, textOf }: Note): Sink {
  let placed: Placed | null = null;
  const removeNote = async () => {
    if (placed !== null) await removePlaced(placed);
  };
  return {
    ...sink,
    async stage(secret, key) {
      const note = { path, content: textOf(key), keyId: key.keyId };
      await placeFile(note);
      placed = note;
      try {
        await sink.stage(secret, key);
      } catch (error) {
        await removeNote();
        throw error;
      }
    },
    async discard() {
      await removeNote();
      await sink.discard();
    },
  };
}
