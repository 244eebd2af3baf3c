import type { Context } from '../../actions/context.js';
import type { KeyRow } from '../../db/reads/keys.js';
import { programName } from '../../render/program-name.js';
import type { View } from '../../render/renderer.js';
import { targetLine } from '../../render/target-line.js';
import { clean, line, type Safe } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import type { ChangeOutcome, Notice } from '../../ui/kit/notice.js';
import type { ReviewChange, ReviewPort } from '../../ui/review/review-port.js';
import type { ScreenSession } from '../kept-session.js';
import { changeFromReview } from './review-change.js';

export interface ReviewWish {
  readonly readOnly: boolean;
  /** Null: 5 for 1,000 keys. */
  readonly alertBudget: number | null;
  readonly since: () => Date;
}

/** What the review asks of the world, by the same actions as the commands. */
export interface OpenedReview {
  readonly port: ReviewPort;
  /** What came of a change that was under way when the screen ended; waits for it. */
  unsaid(): Promise<readonly Safe[]>;
}

/** @throws KeyctlError as any command when the database is not to be had */
export async function reviewPort(
  rt: Runtime,
  session: ScreenSession,
  wish: ReviewWish,
): Promise<OpenedReview> {
  const target = await session.read(async (ctx) => ctx.db.target);
  const { readDays, readReview, readReviewDetail } = await import('../../actions/detect/read-review.js');
  const { readOnly, alertBudget } = wish;
  let underWay: Promise<ChangeOutcome> | null = null;
  const port: ReviewPort = {
    place: targetLine(target),
    readOnly,
    changes: ['acknowledge', 'dismiss', 'suspend', 'revoke', 'escalate'],
    program: programName(rt.flags.demo),
    now: () => rt.machine.now().getTime(),
    load: () => session.read((ctx) => readReview(ctx, { since: wish.since(), alertBudget })),
    days: (subjects) =>
      session.read((ctx) =>
        readDays(
          ctx,
          subjects.flatMap(({ keyId }) => keyId ?? []),
        ),
      ),
    detail: (subject) => session.read((ctx) => readReviewDetail(ctx, subject)),
    card: (keyIds, columns) => session.read((ctx) => cardOf(ctx, keyIds, { ...rt.view('stdout'), columns })),
    judge: () => judge(rt, session, wish),
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

/** As `keyctl revoke` shows it above its question. */
export async function cardOf(ctx: Context, keyIds: readonly string[], view: View): Promise<readonly Safe[]> {
  const { blastRadius } = await import('../../actions/blast-radius.js');
  const { blastRadiusQuestion } = await import('../../render/blast-radius.js');
  const radius = await blastRadius(ctx, await rowsOf(ctx, keyIds));
  return blastRadiusQuestion(radius, view).split('\n') as Safe[];
}

export async function rowsOf(ctx: Context, keyIds: readonly string[]): Promise<readonly KeyRow[]> {
  const { findKeys } = await import('../../actions/find-keys.js');
  return (await findKeys(ctx, keyIds, { interactive: false })).map(({ row }) => row);
}

/** Never rejects: what went wrong is what came of it, also for who has left the screen meanwhile. */
async function changed(rt: Runtime, session: ScreenSession, change: ReviewChange): Promise<ChangeOutcome> {
  const outcome = await session
    .change((ctx) => changeFromReview(ctx, change, rt.view('stdout'), rowsOf))
    .catch((error): ChangeOutcome => ({ failed: true, notices: [failure(error)] }));
  const warnings = session.takeWarnings().map((text): Notice => ({ tone: null, text }));
  return { ...outcome, notices: [...outcome.notices, ...warnings] };
}

async function judge(
  rt: Runtime,
  session: ScreenSession,
  { readOnly, alertBudget }: ReviewWish,
): Promise<Notice> {
  if (readOnly) return { tone: 'warning', text: line`read only: loaded anew, not judged` };
  const { findAnomalies } = await import('../../actions/detect/find-anomalies.js');
  const { readKnowledge } = await import('../../runtime/knowledge.js');
  const knowledge = await readKnowledge(rt, {});
  const found = await session.change((ctx) =>
    findAnomalies(
      ctx,
      {
        ...{ key: null, since: null, until: null, severity: 'info', alertBudget },
        ...{ replay: false, dryRun: false, knowledge },
      },
      { interactive: false },
    ),
  );
  const kept = found.notKept === null ? line`` : line`; not kept: this role may not`;
  return { tone: 'ok', text: line`judged: ${found.raised} new, ${found.worsened} worse${kept}` };
}

function failure(error: unknown): Notice {
  return { tone: 'danger', text: clean(error instanceof Error ? error.message : 'it failed') };
}
