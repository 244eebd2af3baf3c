import type { Checkpoint } from './checkpoint.js';

/** A place that the chain is known to have passed: by a signed checkpoint, or by what this machine remembers. */
export interface Anchor extends Checkpoint {
  readonly kind: 'checkpoint' | 'remembered';
  /** Where that is written: `checkpoints.txt, line 6`. */
  readonly source: string;
  /** Whether it may be believed; asked only of what matters, because a signature costs 0.1 ms. */
  believable(): boolean;
}

/** What the anchors say against the chain. */
export type AnchorFault =
  /** Somewhere in `from` to `seq` rows were rewritten, consistently: the hash at `seq` is another than it was. */
  | {
      readonly problem: 'rewritten';
      readonly seq: number;
      readonly from: number;
      readonly anchor: Anchor;
    }
  /** The chain ends before `to`, which was seen. `seq` is the first that is missing. */
  | { readonly problem: 'behind'; readonly seq: number; readonly to: number; readonly anchor: Anchor };

export interface AnchorWatch {
  /** Told of each row's seq and hash in order, 0 with the hash that the chain starts from. */
  passed(seq: number, hash: Uint8Array): AnchorFault | null;
  /** After the last row. */
  end(rows: number): AnchorFault | null;
  /** The newest checkpoint that fits, and how many do; ask after the walk. */
  newest(): Checkpoint | null;
  readonly fitting: number;
}

/** Compares the chain with its anchors while it is walked. Those whose signature does not fit prove nothing and count for nothing. */
export function watchAnchors(anchors: readonly Anchor[]): AnchorWatch {
  const sorted = [...anchors].sort((a, b) => a.size - b.size);
  const fitting: Anchor[] = [];
  let next = 0;
  let nextSize = sorted[0]?.size ?? Number.POSITIVE_INFINITY;

  /** Highest size at which the hash was right: what was rewritten lies after it. */
  const lastGood = (below: number): number =>
    fitting.findLast(({ size, believable }) => size < below && believable())?.size ?? 0;

  return {
    passed(seq, hash) {
      while (nextSize === seq) {
        const anchor = sorted[next] as Anchor;
        next += 1;
        nextSize = sorted[next]?.size ?? Number.POSITIVE_INFINITY;
        if (Buffer.compare(anchor.hash, hash) === 0) fitting.push(anchor);
        else if (anchor.believable())
          return { problem: 'rewritten', seq, from: Math.min(seq, lastGood(seq) + 1), anchor };
      }
      return null;
    },
    end(rows) {
      const ahead = sorted.slice(next).findLast((anchor) => anchor.size > rows && anchor.believable());
      return ahead === undefined ? null : { problem: 'behind', seq: rows + 1, to: ahead.size, anchor: ahead };
    },
    newest: () => fitting.findLast((anchor) => anchor.kind === 'checkpoint' && anchor.believable()) ?? null,
    get fitting() {
      return fitting.filter(({ kind }) => kind === 'checkpoint').length;
    },
  };
}
