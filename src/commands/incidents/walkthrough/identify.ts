import { identify } from '../../../actions/incidents/walkthrough/identify.js';
import { line } from '../../../render/terminal-text.js';
import { type AskStep, askWhich, missing, type StepAsked } from './asked.js';
import { askLeaked, type LeakedKeys, leakedByFlags } from './leaked-keys.js';

/** Which keys it is about: by flags, as they were found before the incident was opened, or by a paste. */
export const askIdentify: AskStep = async (asked) => {
  const { rt, flags, memory, walk } = asked;
  const known = memory.found;
  memory.found = null;
  if (known !== null) return work(known);
  const given = await leakedByFlags(rt, flags);
  if (given !== null) return work(kept(asked, given));
  const linked = walk.detail.keys.length;
  if (linked > 0 && !rt.canAsk) return work({ keyIds: [], from: 'the keys that were linked' });
  missing(rt, '--from', 'which keys? --key, --from or --from-report', '--from leak.txt');
  const which = await askWhich(rt, line`Which keys is it about?`, [
    ...(linked > 0
      ? [
          {
            value: 'linked' as const,
            name: line`the ${linked} that are linked`,
            description: line`go on with them`,
          },
        ]
      : []),
    {
      value: 'paste' as const,
      name: line`those in a leaked text`,
      description: line`paste it; it is not kept`,
    },
  ]);
  if (which === 'skip' || which === 'leave') return which;
  if (which === 'linked') return work({ keyIds: [], from: 'the keys that were linked' });
  return work(kept(asked, await askLeaked(rt)));
};

function kept({ memory }: StepAsked, leaked: LeakedKeys): LeakedKeys {
  for (const [id, token] of leaked.tokens) memory.tokens.set(id, token);
  return leaked;
}

function work({ keyIds, from }: Pick<LeakedKeys, 'keyIds' | 'from'>): Awaited<ReturnType<AskStep>> {
  return (inside, walk) => identify(inside, { incidentId: walk.row.incident_id, keyIds, from });
}
