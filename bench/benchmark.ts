import type { Dataset } from './dataset.js';
import type { Ground } from './ground.js';
import type { Repeats } from './measure.js';

/** How much is measured; from the flags of `npm run bench`. */
export interface Sizes {
  /** Of commands that take a tenth of a second. */
  readonly processes: Repeats;
  /** Of bulk work that takes seconds. */
  readonly bulks: Repeats;
  /** Rows of one ingest. */
  readonly rows: number;
  /** Usage events of the data set that is kept. */
  readonly events: number;
  readonly keys: number;
  /** Rows of the audit log that is verified. */
  readonly entries: number;
  /** Keys that are due at once. */
  readonly due: number;
}

export interface Stage {
  readonly ground: Ground;
  readonly sizes: Sizes;
  /** The real psql, or why there is none. */
  readonly psql: { readonly file: string } | { readonly missing: string };
  /** So many events of `sizes.keys` keys; made now unless it was kept. `close()` its database. */
  dataset(events: number): Promise<Dataset>;
  /** Prints one line of the result. */
  print(line: string): void;
  /** Says on stderr what takes so long. */
  progress(text: string): void;
}

export interface Benchmark {
  readonly name: string;
  /** What is compared with what. */
  readonly title: string;
  run(stage: Stage): Promise<void>;
}
