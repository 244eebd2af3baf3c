import type { HookCommand } from '../../domain/hook-command.js';
import { type HookKey, hookVariables } from './hook-variables.js';
import { type HookWorld, runHook } from './run-hook.js';
import { SinkError } from './sink.js';

/**
 * Runs what follows a delivery (`--after`: reload a service), by the rules of hooks but without any secret;
 * `KEYCTL_PHASE` is `after`. Answers why it failed, in words, or null; the keys are active and delivered either way.
 * @param key null when it follows the delivery of many
 */
export async function runAfter(
  command: HookCommand,
  key: HookKey | null,
  world: HookWorld,
): Promise<string | null> {
  try {
    const variables = hookVariables('after', key);
    await runHook({ command, variables, input: 'empty', readsAll: false }, world);
    return null;
  } catch (error) {
    if (error instanceof SinkError) return `${command.file}: ${error.message}`;
    throw error;
  }
}
