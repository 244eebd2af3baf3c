import type { HookCommand } from '../../domain/hook-command.js';
import type { Secret } from '../../domain/secret.js';
import type { HookInput } from './hook-pipes.js';
import { hookVariables } from './hook-variables.js';
import { type HookWorld, runHook } from './run-hook.js';
import { type IssuedKey, type Sink, SinkError } from './sink.js';

/**
 * A program that takes the secret on stdin and is told by `KEYCTL_PHASE` what is wanted: `stage` puts it where nobody
 * uses it yet (exit 0 and everything read is the acknowledgement), `commit` puts it into use, `discard` undoes a stage.
 * `commit` has the secret on stdin again, so that a command that knows no phases (`gh secret set`) does no harm by
 * running twice; where keyctl does not have it any more, reading stdin fails instead of giving nothing.
 */
export function execSink(command: HookCommand, world: HookWorld): Sink {
  let held: { readonly key: IssuedKey; readonly secret: Secret | null } | null = null;
  const run = async (phase: 'stage' | 'commit' | 'discard', input: HookInput) => {
    if (held === null) throw new SinkError('it was never given this key', 'keyctl rotate status');
    const variables = hookVariables(phase, held.key);
    await runHook({ command, variables, input, readsAll: phase === 'stage' }, world);
  };
  return {
    name: `exec:${[command.file, ...command.args].join(' ')}`,
    inPlace: true,
    async stage(secret, key) {
      held = { key, secret };
      await run('stage', secret);
    },
    commit: () => run('commit', held?.secret ?? 'unreadable'),
    discard: () => run('discard', 'unreadable'),
    recall: async () => null,
    async adopt(key, secret) {
      held = { key, secret };
    },
  };
}
