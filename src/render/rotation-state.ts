import type { RotationRow } from '../db/reads/rotations.js';
import { roughDuration } from '../domain/duration.js';
import { isoTime } from '../domain/stored-time.js';
import type { View } from './renderer.js';
import { clean, line, type Safe } from './terminal-text.js';

/**
 * How far a rotation got, in a word and a time: `◆ pending 3 m` (its age), `▲ dead 2 h`, `● unfinished 5 m` (its secret is not in
 * its place), `● open 23 h` (what is left of the grace), `✓ ended 3 h`, `✗ aborted 2 d` (ago).
 */
export function rotationState(row: RotationRow, { style, now }: View): Safe {
  const { sign } = style;
  const since = (at: string | null) => clean(roughDuration(Math.max(0, secondsSince(at, now))));
  switch (row.state) {
    case 'pending':
      return row.dead
        ? style.danger(line`${sign.danger} dead ${since(row.prepared_at)}`)
        : style.notice(line`${sign.notice} pending ${since(row.prepared_at)}`);
    case 'open':
      return row.commit_pending
        ? style.danger(line`${sign.danger} unfinished ${since(row.activated_at)}`)
        : style.warning(line`${sign.warning} open ${graceLeft(row, now)}`);
    case 'finalized':
      return row.commit_pending
        ? style.danger(line`${sign.danger} unfinished ${since(row.activated_at)}`)
        : style.ok(line`${sign.ok} ended ${since(row.ended_at)}`);
    case 'aborted':
      return style.dead(line`${sign.dead} aborted ${since(row.aborted_at ?? row.prepared_at)}`);
  }
}

/** What is left of the grace: `23 h`; `kept` without an end. */
function graceLeft({ grace_ends_at: end }: RotationRow, now: Date): Safe {
  return end === null ? line`kept` : clean(roughDuration(Math.max(0, -secondsSince(end, now))));
}

function secondsSince(at: string | null, now: Date): number {
  return at === null ? 0 : (now.getTime() - Date.parse(isoTime(at))) / 1000;
}

/** A command to run next, without the program's name, and why. */
export interface NextStep {
  readonly command: string;
  readonly why: string;
}

/** What to do about a rotation next; null when nothing is left to be done. */
export function nextStep(row: RotationRow): NextStep | null {
  const { rotation_id: id, old_key_id: oldKeyId } = row;
  if (row.state === 'pending') {
    const why = row.dead ? 'its run is dead' : 'should its run be gone';
    return { command: `rotate resume ${id}`, why: `${why}; rotate abort ${id} gives it up` };
  }
  if (row.commit_pending)
    return { command: `rotate resume ${id}`, why: 'its new secret is not in its place yet' };
  if (row.state === 'aborted') return null;
  if (row.state === 'finalized') {
    return row.refused_requests > 0
      ? { command: `audit usage ${oldKeyId}`, why: 'who still presents the dead key' }
      : null;
  }
  if (row.straggler_count > 0 && endsSoon(row)) {
    return {
      command: `rotate extend ${id} --grace 12h --reason "…"`,
      why: 'the old key is still used, and ends within the hour',
    };
  }
  return {
    command: `rotate finalize ${id} --when-quiet 1h`,
    why: 'ends the old key once nobody uses it any more',
  };
}

/** Within the hour, by the database's clock. */
function endsSoon({ grace_ends_at: end, read_at: readAt }: RotationRow): boolean {
  return end !== null && Date.parse(isoTime(end)) - Date.parse(isoTime(readAt)) < 3_600_000;
}
