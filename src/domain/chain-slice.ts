import { createHash } from 'node:crypto';

/** A row of the audit log with its links, hashes in hex. */
export interface SliceRow {
  readonly seq: number;
  readonly record: string;
  readonly prevHash: string;
  readonly hash: string;
}

/** Looks at rows of the audit log that follow each other, from somewhere in it up to its head. */
export interface SliceWalk {
  take(row: SliceRow): void;
  /** The first seq at which something does not fit, the head included; null when all does. */
  end(head: { readonly seq: number; readonly hash: string }): number | null;
}

/** @param first the seq that it begins at; what stood before it is taken on the word of the first row */
export function walkSlice(first: number): SliceWalk {
  let next = first;
  let last: string | null = null;
  let fault: number | null = null;
  return {
    take({ seq, record, prevHash, hash }) {
      if (fault !== null) return;
      const own = createHash('sha256').update(Buffer.from(prevHash, 'hex')).update(record).digest('hex');
      if (seq !== next || (last !== null && prevHash !== last) || own !== hash) fault = Math.min(seq, next);
      next = seq + 1;
      last = hash;
    },
    end: (head) => fault ?? (next - 1 === head.seq && last === head.hash ? null : Math.min(next, head.seq)),
  };
}
