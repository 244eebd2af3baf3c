import type { OldKeyUse } from '../db/reads/old-key-use.js';
import type { QuietRow } from '../db/reads/rotations.js';
import { formatDuration } from '../domain/duration.js';
import { ago } from '../domain/instant.js';
import type { QuietDoubt } from '../domain/quiet.js';
import { isoTime } from '../domain/stored-time.js';
import { sourceText } from './old-key-use.js';
import { clean, line, type Safe } from './terminal-text.js';

/** In words, why a rotation is not quiet. Ages are those of the moment it was read, by the database's clock. */
export function unquietText(
  facts: QuietRow,
  doubt: QuietDoubt,
  { wantedSeconds, last }: { readonly wantedSeconds: number; readonly last: OldKeyUse | null },
): Safe {
  const readAt = new Date(isoTime(facts.read_at));
  const age = (at: string | null) => clean(at === null ? 'never' : ago(new Date(isoTime(at)), readAt));
  const wanted = clean(formatDuration(wantedSeconds));
  switch (doubt) {
    case 'successor_unused':
      return line`the successor has not been used yet (${reach(facts)})`;
    case 'old_key_used': {
      const who = last === null ? line`` : line` by ${sourceText(last)}`;
      return line`the old key was used ${age(facts.old_last_used_at)}${who}; ${wanted} of silence are asked for`;
    }
    case 'too_soon':
      return line`the successor was activated ${age(facts.activated_at)}; ${wanted} of silence are asked for`;
    case 'log_behind':
      return line`the old key is silent as far as the log tells, and that is not far enough: ${reach(facts)}`;
  }
}

function reach({ as_of: asOf }: QuietRow): Safe {
  return asOf === null
    ? line`no usage was ever brought in`
    : line`the log reaches only to ${clean(isoTime(asOf))}`;
}
