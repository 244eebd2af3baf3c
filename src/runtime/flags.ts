import type { OutputFormat } from '../render/renderer.js';
import type { ColorChoice } from '../render/style.js';

/** Flags that every command takes (CLI.md, Conventions). */
export interface GlobalFlags {
  readonly output: OutputFormat;
  readonly envFile: string | null;
  readonly demo: boolean;
  /** A claim about who asks, shown as such in the audit log. */
  readonly actor: string | null;
  /** False with --no-input: nothing is ever asked. */
  readonly input: boolean;
  readonly color: ColorChoice;
  readonly timeoutMs: number;
  readonly quiet: boolean;
  readonly debug: boolean;
}

export const defaultFlags: GlobalFlags = {
  output: 'table',
  envFile: null,
  demo: false,
  actor: null,
  input: true,
  color: 'auto',
  timeoutMs: 30_000,
  quiet: false,
  debug: false,
};
