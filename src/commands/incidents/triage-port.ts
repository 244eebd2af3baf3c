import type { ReadDetail } from '../../actions/incidents/read-triage.js';
import type { TimelineEntry } from '../../db/reads/incident-timeline.js';
import { isoTime } from '../../domain/stored-time.js';
import type { TriageDetail, TriageEvent } from '../../domain/triage.js';
import { programName } from '../../render/program-name.js';
import { targetLine } from '../../render/target-line.js';
import { clean, type Safe } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import type { ChangeOutcome, Notice } from '../../ui/kit/notice.js';
import type { TriageChange, TriagePort } from '../../ui/triage/triage-port.js';
import type { ScreenSession } from '../kept-session.js';

/** What the board asks of the world, by the same actions as the commands. */
export interface OpenedTriage {
  readonly port: TriagePort;
  /** What came of a change that was under way when the screen ended; waits for it. */
  unsaid(): Promise<readonly Safe[]>;
}

/** @throws KeyctlError as any command when the database is not to be had */
export async function triagePort(
  rt: Runtime,
  session: ScreenSession,
  readOnly: boolean,
): Promise<OpenedTriage> {
  const target = await session.read(async (ctx) => ctx.db.target);
  const { readTriage, readTriageDetail } = await import('../../actions/incidents/read-triage.js');
  const { readTriageUse } = await import('../../actions/incidents/read-triage-use.js');
  const words = await wordsOfDetail();
  const { cardOf } = await import('../audit/review-port.js');
  let underWay: Promise<ChangeOutcome> | null = null;
  const port: TriagePort = {
    place: targetLine(target),
    readOnly,
    program: programName(rt.flags.demo),
    me: rt.flags.actor ?? rt.machine.user.name,
    now: () => rt.machine.now().getTime(),
    load: () => session.read(readTriage),
    detail: async (id) => words(await session.read((ctx) => readTriageDetail(ctx, id))),
    use: (id, keyIds) => session.read((ctx) => readTriageUse(ctx, { id, keyIds })),
    card: (keyIds, columns) => session.read((ctx) => cardOf(ctx, keyIds, { ...rt.view('stdout'), columns })),
    async change(change) {
      underWay = changed(rt, session, change);
      const outcome = await underWay;
      underWay = null;
      return outcome;
    },
  };
  return {
    port,
    unsaid: async () => (underWay === null ? [] : (await underWay).notices.map(({ text }) => text)),
  };
}

/** The words of a timeline are render's; the board gets them as text that is not cleaned yet. */
async function wordsOfDetail(): Promise<(read: ReadDetail) => TriageDetail> {
  const { entryActor, entryReason, entryWords } = await import('../../render/incidents/timeline-entry.js');
  const { blockerText } = await import('../../render/incidents/incident-words.js');
  const eventOf = (entry: TimelineEntry): TriageEvent => ({
    seq: entry.seq,
    at: Date.parse(isoTime(entry.at)),
    by: entryActor(entry),
    what: entryWords(entry),
    keyId: entry.keyId,
    reason: entryReason(entry),
    isLoud: entry.action === 'incident.reopened',
  });
  return ({ entries, whole, ...detail }) => ({
    ...detail,
    events: entries.map(eventOf),
    blockers: whole.detail.blockers.map(blockerText),
  });
}

/** Never rejects: what went wrong is what came of it, also for who has left the screen meanwhile. */
async function changed(rt: Runtime, session: ScreenSession, change: TriageChange): Promise<ChangeOutcome> {
  const { changeFromTriage } = await import('./triage-change.js');
  const outcome = await session
    .change((ctx) => changeFromTriage(ctx, change, rt.view('stdout')))
    .catch((error): ChangeOutcome => ({ failed: true, notices: [failure(error)] }));
  const warnings = session.takeWarnings().map((text): Notice => ({ tone: null, text }));
  return { ...outcome, notices: [...outcome.notices, ...warnings] };
}

function failure(error: unknown): Notice {
  return { tone: 'danger', text: clean(error instanceof Error ? error.message : 'it failed') };
}
