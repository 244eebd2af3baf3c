/** Waits between two looks at the database; answers whether to look again. */
export type Pause = (ms: number) => Promise<boolean>;

/** How often `--follow` looks: often enough to watch, and nothing to the server. */
export const followEveryMs = 1000;
