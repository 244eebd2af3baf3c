import type { Readable, Writable } from 'node:stream';

/**
 * What the program needs of the machine it runs on, as one object that tests swap whole. `system.ts` is the real one;
 * nothing else in `src/` names `process`, reads the clock or rolls dice.
 */
export interface Machine {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable;
  /**
   * Writes to stdout at once, without making the stream (3 ms of a start, of which `--help` is little more). Answers what
   * could not be written yet; a reader that is gone takes everything.
   */
  writeNow(text: string): string;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly workingDirectory: string;
  /** The directory that holds package.json, drizzle/ and docs/. */
  readonly packageRoot: string;
  readonly version: string;
  /** `20.19.5`: of Node. */
  readonly nodeVersion: string;
  readonly user: { readonly name: string; readonly uid: number };
  readonly hostname: string;
  readonly platform: string;
  now(): Date;
  /** Milliseconds of a clock that never steps; for measuring, not for dates. */
  monotonicMs(): number;
  randomBytes(size: number): Uint8Array;
  randomUuid(): string;
  /** Opens the controlling terminal for questions while stdin is data; null where there is none. */
  openTerminal(): { input: Readable; output: Writable } | null;
  /**
   * Calls back once on SIGINT, SIGTERM or SIGHUP; returns the undoing. Of several listeners the newest alone is called,
   * so that the next signal is for the one around it; with none left, a signal ends the process.
   */
  onInterrupt(listener: () => void): () => void;
  /**
   * Calls back when the process ends by itself or by an error that nobody caught, before that is printed; the listener cannot
   * wait. Returns the undoing.
   */
  atExit(listener: () => void): () => void;
  /** Kills the processes of a group that was started for them, at once; nothing when there are none any more. */
  killGroup(pid: number): void;
}

export interface Terminal {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Width of stdout, or of stderr where that alone is a terminal; 80 when unknown or reported as 0 (F37). */
  readonly columns: number;
  /** Height of the same; 24 when unknown. */
  readonly rows: number;
  readonly unicode: boolean;
}
