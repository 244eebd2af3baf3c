/** The tokens that a database knows by their digest alone. */
export interface KnownDigests {
  /** True when the digest begins as one of theirs does; its fingerprint is then looked up. */
  has(digest: Uint8Array): boolean;
}

/** Hex digits of a fingerprint, without `sha256:`. */
const width = 16;

/**
 * A table of fingerprints (the first 64 bits of each digest): 16 to 32 bytes a key, so that a text of any size is compared
 * without asking the database about each of its words. Null when there is none.
 * @param fingerprints 16 hex digits of each, one behind the other
 */
export function knownDigests(fingerprints: string): KnownDigests | null {
  const count = fingerprints.length / width;
  if (count === 0) return null;
  const mask = 2 ** Math.ceil(Math.log2(count * 2)) - 1;
  const table = new BigUint64Array(mask + 1);
  const slotOf = (value: bigint) => Number(value & 0x3fffffffn) & mask;
  for (let at = 0; at < fingerprints.length; at += width) {
    const value = BigInt(`0x${fingerprints.slice(at, at + width)}`);
    let slot = slotOf(value);
    while (table[slot] !== 0n && table[slot] !== value) slot = (slot + 1) & mask;
    table[slot] = value;
  }
  return {
    has(digest) {
      const bytes = Buffer.from(digest.buffer, digest.byteOffset, digest.length);
      const low = bytes.readUInt32BE(4);
      // Most slots of most words are empty: told before a bigint is made.
      let slot = low & 0x3fffffff & mask;
      if (table[slot] === 0n) return false;
      const value = bytes.readBigUInt64BE(0);
      for (; table[slot] !== 0n; slot = (slot + 1) & mask) if (table[slot] === value) return true;
      return false;
    },
  };
}
