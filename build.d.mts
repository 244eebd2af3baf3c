export const heavyPackages: readonly string[];

export interface BuildOptions {
  /** Where the sources and node_modules are; the project itself when absent. */
  readonly root?: string;
  readonly outdir?: string;
  readonly entries?: Readonly<Record<string, string>>;
  /** Obeys KEYCTL_FAILPOINT: for tests only. */
  readonly failpoints?: boolean;
}

/** The files written, each with the sources it holds. */
export function build(options?: BuildOptions): Promise<Map<string, readonly string[]>>;
