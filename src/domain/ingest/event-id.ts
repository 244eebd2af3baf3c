import { hash } from 'node:crypto';

/** Bits of the filter; 2^28 bits are 32 MiB, touched only where lines fall. */
const filterBits = 28;
/** Lines that came more than once and are counted each by itself. */
const mostCounted = 100_000;
const overflowSlots = 1 << 20;

/**
 * The id of an event without a request id: 128 bits of SHA-256 of its line, and from the second equal line of the input
 * on its running number. Equal lines are different events; the same input gives the same ids, so that it adds nothing
 * when it comes again, also when it has grown behind.
 *
 * In constant memory: a Bloom filter says of nearly every line that it is the first of its kind, and only the others
 * are counted. Of ten million different lines the filter takes some 4,000 for repeated ones: those begin with number 2,
 * always the same ones. Beyond 100,000 repeated lines a number counts the lines of one slot of a table instead of one
 * line: still another number for each line, and the same ones each time the input is read.
 */
export function lineIds(): (line: string) => string {
  let filter: Uint32Array | null = null;
  const counted = new Map<string, number>();
  let overflow: Uint32Array | null = null;

  /** Adds the line; true when it was there already, or looks so. */
  function seen(digest: Buffer): boolean {
    filter ??= new Uint32Array(2 ** (filterBits - 5));
    let all = true;
    for (let word = 0; word < 4; word++) {
      const bit = digest.readUInt32LE(word * 4) >>> (32 - filterBits);
      const mask = 1 << (bit & 31);
      const before = filter[bit >>> 5] ?? 0;
      if ((before & mask) === 0) {
        filter[bit >>> 5] = before | mask;
        all = false;
      }
    }
    return all;
  }

  function next(id: string, digest: Buffer): number {
    const count = counted.get(id);
    if (count !== undefined || counted.size < mostCounted) {
      const number = (count ?? 1) + 1;
      counted.set(id, number);
      return number;
    }
    overflow ??= new Uint32Array(overflowSlots);
    const slot = digest.readUInt32LE(16) % overflowSlots;
    const number = (overflow[slot] ?? 0) + 1;
    overflow[slot] = number;
    return number + 1;
  }

  return (line) => {
    const digest = hash('sha256', line, 'buffer');
    const id = digest.toString('hex', 0, 16);
    return seen(digest) ? `${id}.${next(id, digest)}` : id;
  };
}
