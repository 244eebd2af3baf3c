import { type Placed, placeFile, removePlaced } from './place-file.js';
import type { Sink } from './sink.js';

/**
 * A new file with the token encrypted for one recipient (https://age-encryption.org/v1, armored): what lies there is of
 * use only to whoever has the identity, so it may be mailed or backed up. It is placed as a file sink's is, and cannot be
 * read back, by keyctl least of all.
 * @param path absolute
 */
export function ageSink(recipient: string, path: string): Sink {
  let placed: Placed | null = null;
  return {
    name: `age:${recipient}>${path}`,
    async stage(secret, key) {
      const { Encrypter, armor } = await import('age-encryption');
      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      const content = armor.encode(await encrypter.encrypt(secret.reveal()));
      placed = { path, content, keyId: key.keyId };
      await placeFile(placed);
    },
    async commit() {},
    async discard() {
      if (placed !== null) await removePlaced(placed);
    },
    recall: async () => null,
  };
}
