import type { Command } from 'commander';
import { usageError } from '../../domain/errors.js';
import { parseInstant } from '../../domain/instant.js';
import { wholeNumber } from '../../domain/setting-values.js';
import type { Runtime } from '../../runtime/runtime.js';

/** `--since` and `--until` (CLI.md): half-open, each a duration back, a date or a time. */
export interface WindowFlags {
  readonly since?: Date;
  readonly until?: Date;
}

/** @param preset what `--since` is without the flag, in words for the help */
export function addWindow(rt: Runtime, command: Command, preset = ''): Command {
  const instant = (flag: string) => (text: string) => parseInstant(flag, text, rt.machine.now());
  return command
    .option(
      '--since <when>',
      `from then on: 7d back, 2026-08-20, or a time with zone${preset}`,
      instant('--since'),
    )
    .option('--until <when>', 'before that moment', instant('--until'));
}

/** The window as RFC 3339 texts; refuses one without a moment in it. */
export function windowOf({ since, until }: WindowFlags): { since: string | null; until: string | null } {
  if (since !== undefined && until !== undefined && since >= until) {
    throw usageError('--until', 'is not after --since', '--since 7d --until 24h');
  }
  return { since: since?.toISOString() ?? null, until: until?.toISOString() ?? null };
}

export function limitFlag(text: string): number {
  return wholeNumber('--limit', { min: 1, max: 100_000_000, example: '1000' })(text);
}

/** `--follow` never ends, so nothing that needs the whole goes with it. */
export function checkFollow(rt: Runtime, flags: WindowFlags & { readonly follow?: boolean }): void {
  if (flags.follow !== true) return;
  if (flags.until !== undefined) {
    throw usageError('--follow', 'goes on without end, --until ends', '--follow --since 1h');
  }
  if (rt.flags.output === 'json') {
    throw usageError('--follow', 'one JSON object would never be complete', '--follow -o ndjson');
  }
}
