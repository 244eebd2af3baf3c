/** 8 MB of words: more make a search of a log no faster. */
const slots = 32_768;

/**
 * Words that were looked up before: a log repeats itself. Each has one slot, and the last one keeps it. Bytes are compared,
 * not hashes of them: nobody can write a word into a log that hides another one. No strings: collecting them cost as much
 * as hashing.
 * @param longest in bytes, at most 65535
 */
export function wordMemory(longest: number): {
  slotOf(bytes: Buffer, from: number, to: number): number;
  holds(slot: number, bytes: Buffer, from: number, to: number): boolean;
  keep(slot: number, word: Uint8Array): void;
} {
  const words = Buffer.alloc(slots * longest);
  const lengths = new Uint16Array(slots);
  return {
    slotOf(bytes, from, to) {
      let mixed = to - from;
      // FNV-1a with its 32 bits folded.
      for (let at = from; at < to; at++) mixed = Math.imul(mixed ^ (bytes[at] ?? 0), 0x01000193);
      return (mixed ^ (mixed >>> 15)) & (slots - 1);
    },
    holds(slot, bytes, from, to) {
      if (lengths[slot] !== to - from) return false;
      const start = slot * longest - from;
      for (let at = from; at < to; at++) if (words[start + at] !== bytes[at]) return false;
      return true;
    },
    keep(slot, word) {
      words.set(word, slot * longest);
      lengths[slot] = word.length;
    },
  };
}
