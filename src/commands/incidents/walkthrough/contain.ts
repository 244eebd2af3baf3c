import { contain, keysToContain, type Reach } from '../../../actions/incidents/walkthrough/contain.js';
import { resultOf } from '../../../actions/incidents/walkthrough/walkthrough.js';
import { parseCidr } from '../../../domain/cidr.js';
import { counted } from '../../../render/numbers.js';
import { statusWord } from '../../../render/status-word.js';
import { clean, joinLines, line, type Safe } from '../../../render/terminal-text.js';
import type { Choice } from '../../../runtime/prompts.js';
import { askConsent } from '../../consent.js';
import { type AskStep, askWhich, missing, reasonOf, requireYes, type StepAsked } from './asked.js';

interface Chosen extends Reach {
  readonly how: 'revoke' | 'suspend';
  readonly networks: readonly string[];
}

/** How the keys are stopped, and which; whoever is asked types the start of the key's id, or their number. */
export const askContain: AskStep = async (asked) => {
  const { rt, flags } = asked;
  requireYes(asked);
  const chosen = await chosenBy(asked);
  if (chosen === 'skip' || chosen === 'leave') return chosen;
  const input = { ...chosen, reason: reasonOf(asked) };
  if (rt.canAsk && flags.yes !== true) await confirm(asked, input);
  return (inside, walk) => contain(inside, walk, input);
};

async function chosenBy(asked: StepAsked): Promise<Chosen | 'skip' | 'leave'> {
  const { rt, flags } = asked;
  const plain: Omit<Chosen, 'how'> = {
    family: flags.family === true,
    owners: flags.allOfOwner === true,
    others: [],
    networks: flags.blockIp ?? [],
  };
  if (flags.how !== undefined) return { how: flags.how, ...plain };
  missing(rt, '--how', 'revoke or suspend?', '--how revoke');
  return await askWhich(rt, line`How is it stopped?`, choicesOf(asked, plain));
}

/** What the blast radius showed is offered with it, so that it takes no question of its own. */
function choicesOf({ walk, step }: StepAsked, plain: Omit<Chosen, 'how'>): readonly Choice<Chosen>[] {
  const count = walk.detail.keys.length;
  const it = count === 1 ? line`it` : line`these ${count} keys`;
  const { addresses, others } = seenBefore(walk);
  const revoke = (more: Partial<Chosen>, name: Safe): Choice<Chosen> => ({
    value: { how: 'revoke', ...plain, ...more },
    name,
    description: line`at once and for good`,
  });
  const suspend: Choice<Chosen> = {
    value: { how: 'suspend', ...plain },
    name: line`suspend ${it}`,
    description: line`at once; it can be undone while it is decided`,
  };
  const first = revoke({}, line`revoke ${it}`);
  return [
    ...(step.how === 'suspend' ? [suspend, first] : [first, suspend]),
    ...(addresses.length === 0
      ? []
      : [
          revoke(
            { networks: [...plain.networks, ...addresses] },
            line`revoke ${it} and refuse ${counted(addresses.length, 'new address')} for every key`,
          ),
        ]),
    ...(others.length === 0
      ? []
      : [
          revoke(
            { others },
            line`revoke ${it} and ${counted(others.length, 'key')} seen from the new addresses`,
          ),
        ]),
    revoke({ family: true }, line`revoke ${it} and every other version`),
    revoke({ family: true, owners: true }, line`revoke every key of the same owners`),
  ];
}

const mostBlocked = 20;

/** The new addresses and the other keys of the blast radius, as its step kept them. */
function seenBefore(walk: StepAsked['walk']): { addresses: readonly string[]; others: readonly string[] } {
  const radius = resultOf(walk, 'blast-radius');
  const listOf = (name: string) => (Array.isArray(radius?.[name]) ? (radius[name] as unknown[]) : []);
  const texts = (name: string, field: string) =>
    listOf(name).flatMap((each) => {
      const value = (each as Record<string, unknown> | null)?.[field];
      return typeof value === 'string' ? [value] : [];
    });
  return {
    addresses: texts('new_ips', 'ip').flatMap(networkOf).slice(0, mostBlocked),
    others: texts('other_keys', 'key_id'),
  };
}

/** What stands in a log need be no address. */
function networkOf(text: string): string[] {
  try {
    return [parseCidr('--block-ip', text)];
  } catch {
    return [];
  }
}

async function confirm({ rt, walk }: StepAsked, input: Chosen): Promise<void> {
  const rows = await rt.withContext({}, (ctx) => keysToContain(ctx, walk, input));
  const { style } = rt.view('stderr');
  const about = joinLines([
    ...rows.map(
      ({ key, owner }) =>
        line`  ${clean(key.id)}  ${statusWord(key.status, style)}  ${clean(key.name)}  ${clean(owner?.email ?? '')}`,
    ),
    ...input.networks.map((cidr) => line`  ${clean(cidr)} is refused for every key`),
  ]);
  await askConsent(rt, {
    about,
    warning: input.how === 'revoke' ? line`This cannot be undone.` : line`It can be undone by keys resume.`,
    verb: input.how === 'revoke' ? line`revoke` : line`suspend`,
    keyIds: rows.map(({ key }) => key.id),
  });
}
