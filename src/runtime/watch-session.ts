import type { Database } from '../db/database.js';
import type { AuditContext } from '../db/kernel.js';
import type { Head, HeadAfter } from '../db/watch-head.js';
import { type HeadMemory, memoryPath, readMemory, type SeenHead, writeMemory } from './head-memory.js';
import type { Runtime } from './runtime.js';

/** A session whose audit log is compared with what this machine remembers of it (DESIGN 6). */
export interface WatchedSession {
  readonly db: Database;
  /** For the audit rows of a database that is behind. */
  readonly behind: Pick<AuditContext, 'behind'>;
  /** After the work, whatever came of it: remembers the head and signs a checkpoint of it. Never throws. */
  settle(): Promise<void>;
}

type Gap = NonNullable<HeadMemory['gap']>;

/** @param signed the command signs its checkpoint itself */
export async function watchSession(rt: Runtime, db: Database, signed: boolean): Promise<WatchedSession> {
  const { greetedHead, watchHead } = await import('../db/watch-head.js');
  const found = greetedHead(db);
  if (found === null) return { db, behind: {}, settle: async () => {} };
  const { databaseId, head } = found;
  const path = memoryPath(rt.machine, databaseId);
  const memory = readMemory(path);
  const known = memory ?? { heads: [], gap: null };
  const last = known.heads.at(-1) ?? null;
  const gap = (await gapBetween(rt, db, last, head)) ?? known.gap;
  let told = false;
  const changing = (): void => {
    if (told) return;
    told = true;
    void warnOf(rt, db, { gap, unreadable: memory === null ? path : null });
  };
  const watch = watchHead(db, last?.seq ?? null, changing);
  return {
    db: watch.db,
    behind: gap === null ? {} : { behind: { remembered_seq: gap.rememberedSeq, found_seq: gap.foundSeq } },
    async settle() {
      const after = watch.after();
      const forked = gap === null && last !== null && after !== null ? gapAfter(rt, last, after) : null;
      if (forked !== null) await warnOf(rt, db, { gap: forked, unreadable: null });
      const now = gap ?? forked;
      if (memory !== null) remember(rt, path, { memory, gap: now, head: after ?? head });
      if (signed || after === null || after.seq <= head.seq) return;
      const { checkpointAfter } = await import('./checkpoint-after.js');
      await checkpointAfter(rt, { databaseId, head: after, contradicts: now !== null });
    },
  };
}

/**
 * A shorter log than this machine saw, or another one of that length. Another command may have lengthened it, and remembered
 * that, after this session began: what looks like a gap is asked again.
 */
async function gapBetween(rt: Runtime, db: Database, last: SeenHead | null, head: Head): Promise<Gap | null> {
  if (last === null || head.seq > last.seq) return null;
  if (head.seq === last.seq && head.hash === last.hash) return null;
  const { readHead } = await import('../db/watch-head.js');
  const now = await readHead(db, last.seq).catch(() => null);
  return now === null ? gapAt(rt, last, head.seq) : gapAfter(rt, last, now);
}

/** Another row, or none, at the place that this machine saw. */
function gapAfter(rt: Runtime, last: SeenHead, { seq, rememberedHash }: HeadAfter): Gap | null {
  return rememberedHash === last.hash || last.seq === 0 ? null : gapAt(rt, last, Math.min(seq, last.seq));
}

function gapAt(rt: Runtime, last: SeenHead, foundSeq: number): Gap {
  return { rememberedSeq: last.seq, foundSeq, at: rt.machine.now().toISOString() };
}

/** Nothing is added as long as a gap stands: what was seen before it is the evidence. */
function remember(
  rt: Runtime,
  path: string | null,
  { memory, gap, head }: { memory: HeadMemory; gap: Gap | null; head: Head },
): void {
  const last = memory.heads.at(-1)?.seq ?? -1;
  if (gap !== null) {
    if (memory.gap === null) writeMemory(rt.machine, path, { ...memory, gap });
  } else if (head.seq > last) {
    const { seq, hash } = head;
    const heads = [...memory.heads, { seq, hash, at: rt.machine.now().toISOString() }];
    writeMemory(rt.machine, path, { heads, gap: null });
  }
}

async function warnOf(
  rt: Runtime,
  db: Database,
  { gap, unreadable }: { gap: Gap | null; unreadable: string | null },
): Promise<void> {
  if (gap === null && unreadable === null) return;
  const { behindWarning, unreadableMemory } = await import('../render/head-memory.js');
  const { sign, warning } = rt.style('stderr');
  const { line } = await import('../render/terminal-text.js');
  if (gap !== null) rt.warn(warning(line`${sign.warning} ${behindWarning(gap, db.target.database)}`));
  if (unreadable !== null) rt.warn(warning(line`${sign.warning} ${unreadableMemory(unreadable)}`));
}
