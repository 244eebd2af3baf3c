import { parseReference } from '../domain/reference.js';
import { clean, line } from '../render/terminal-text.js';
import type { Runtime } from '../runtime/runtime.js';

/**
 * Warns when a whole token was typed as an argument (CLI.md allows it for `revoke`, `keys show` and `keys identify`): it
 * is in the shell's history now, and every process of the machine could read it.
 */
export function warnOfTypedTokens(rt: Runtime, typed: readonly string[]): void {
  const { sign, warning } = rt.style('stderr');
  for (const text of typed) {
    if (text.trim() === '') continue;
    const reference = parseReference(text);
    if (reference.kind !== 'token') continue;
    rt.warn(
      warning(
        line`${sign.warning} the whole token of ${clean(reference.id)} is in your shell history now, and in the process list while this runs; its public part is enough: ${clean(reference.prefix)}_${clean(reference.locator)}****`,
      ),
    );
  }
}
