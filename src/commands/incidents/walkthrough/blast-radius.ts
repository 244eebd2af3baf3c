import { leakedSince, recordRadius } from '../../../actions/incidents/walkthrough/blast-radius.js';
import { keysMeant } from '../../typed-keys.js';
import type { AskStep } from './asked.js';

/** Asks nothing: it looks. What else was seen from the new addresses is linked by --link, or contained with the rest. */
export const askBlastRadius: AskStep = async ({ rt, flags, walk }) => {
  const since = leakedSince(walk, flags.since ?? null);
  const { link } = flags;
  const linkIds =
    link === undefined
      ? []
      : await rt.withContext({}, async (ctx) =>
          (await keysMeant(rt, ctx, link)).map(({ row }) => row.key.id),
        );
  return (inside, now) => recordRadius(inside, now, { since, linkIds });
};
