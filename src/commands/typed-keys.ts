import type { Context } from '../actions/context.js';
import type { FoundKey } from '../actions/find-keys.js';
import { usageError } from '../domain/errors.js';
import { parseReference, refuseBrokenToken } from '../domain/reference.js';
import type { Runtime } from '../runtime/runtime.js';
import { warnOfTypedTokens } from './argv-token.js';

/** The KEYs that were typed, or the one that is searched for now; off a terminal a KEY has to be typed (2). */
export async function typedOrSearched(
  rt: Runtime,
  typed: readonly string[],
  example: string,
): Promise<readonly string[]> {
  if (typed.length > 0) {
    // What can be no key at all is refused before anything is opened.
    for (const text of typed) refuseBrokenToken(parseReference(text));
    warnOfTypedTokens(rt, typed);
    return typed;
  }
  if (!rt.canAsk) throw usageError('KEY', 'which key?', example);
  const { searchKey } = await import('./search-key.js');
  return [await searchKey(rt)];
}

/** What the KEYs mean, in their order, each once. */
export async function keysMeant(rt: Runtime, ctx: Context, typed: readonly string[]): Promise<FoundKey[]> {
  const { findKeys } = await import('../actions/find-keys.js');
  return await findKeys(ctx, typed, { interactive: rt.canAsk });
}

/** The one key that a single KEY means. */
export async function keyMeant(rt: Runtime, ctx: Context, typed: readonly string[]): Promise<FoundKey> {
  const [found] = await keysMeant(rt, ctx, typed);
  if (found === undefined) throw new RangeError('a KEY that is found is one key');
  return found;
}
