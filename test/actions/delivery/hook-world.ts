import { chmod, writeFile } from 'node:fs/promises';
import type { HookWorld } from '../../../src/actions/delivery/run-hook.js';
import { systemMachine } from '../../../src/runtime/system.js';

/** Hooks of a test run as anybody's; `interrupt` is Ctrl-C. */
export interface TestWorld extends HookWorld {
  interrupt(): void;
}

export function hookWorld(options: Partial<HookWorld> = {}): TestWorld {
  const listeners = new Set<() => void>();
  return {
    env: { PATH: '/usr/bin:/bin', HOME: '/root', DATABASE_URL: 'postgres://secret', LC_ALL: 'C.UTF-8' },
    passEnv: [],
    timeoutMs: 20_000,
    killGroup: systemMachine().killGroup,
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    interrupt() {
      for (const listener of listeners) listener();
    },
    ...options,
  };
}

/** A hook of bash lines; answers its path. */
export async function hook(path: string, ...lines: readonly string[]): Promise<string> {
  await writeFile(path, ['#!/bin/bash', ...lines, ''].join('\n'));
  await chmod(path, 0o700);
  return path;
}
