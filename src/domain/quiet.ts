/** What the usage log says about ending a rotation (`keyctl.rotation_quiet`). Times as RFC 3339, by the database's clock. */
export interface QuietFacts {
  readonly activatedAt: string | null;
  readonly successorLastUsedAt: string | null;
  readonly oldLastUsedAt: string | null;
  /** How long the old key was not let in, as far as the log is believed. */
  readonly quietSeconds: number | null;
  /** When this was read. */
  readonly readAt: string;
}

/**
 * Why a rotation is not quiet: nobody has used the successor yet; the old key was used too recently; it was not, but the
 * rotation itself is younger than the silence that is asked for; the log has not been brought in far enough to tell.
 */
export type QuietDoubt = 'successor_unused' | 'old_key_used' | 'too_soon' | 'log_behind';

/**
 * What speaks against taking the old key for silent; null when nothing does. It only says why: `rotate_finalize` decides,
 * under the lock.
 * @param wantedSeconds the silence that is asked for
 */
export function quietDoubt(facts: QuietFacts, wantedSeconds: number): QuietDoubt | null {
  if (facts.successorLastUsedAt === null) return 'successor_unused';
  if ((facts.quietSeconds ?? 0) >= wantedSeconds) return null;
  const from = facts.oldLastUsedAt ?? facts.activatedAt ?? facts.readAt;
  const elapsedSeconds = (Date.parse(facts.readAt) - Date.parse(from)) / 1000;
  if (elapsedSeconds >= wantedSeconds) return 'log_behind';
  return facts.oldLastUsedAt === null ? 'too_soon' : 'old_key_used';
}
