import { type Restriction, restrict } from '../../../actions/incidents/walkthrough/restrict.js';
import type { KeySettings } from '../../../db/kernel-keys.js';
import { parseDuration } from '../../../domain/duration.js';
import { settingParsers } from '../../../domain/settings.js';
import { line } from '../../../render/terminal-text.js';
import { askValue } from '../../ask-value.js';
import { askConsent } from '../../consent.js';
import { type AskStep, askWhich, missing, reasonOf, requireYes, type StepAsked } from './asked.js';
import type { RunFlags } from './run-flags.js';

type Chosen = Omit<Restriction, 'reason'>;

/** By what the keys are restricted: limits, networks, or a suspension that ends by itself. */
export const askRestrict: AskStep = async (asked) => {
  const { rt, flags, walk } = asked;
  requireYes(asked);
  const given = byFlags(flags);
  if (given === null)
    missing(
      rt,
      '--rpm',
      'by what? --rpm, --rph, --budget, --allow-ip, --block-ip or --suspend-for',
      '--rpm 10',
    );
  const chosen = given ?? (await askChosen(asked));
  if (chosen === 'skip' || chosen === 'leave') return chosen;
  if (rt.canAsk && flags.yes !== true && chosen.suspendSeconds !== null) {
    const keyIds = walk.detail.keys.flatMap(({ key_id, status }) =>
      ['active', 'retiring'].includes(status) ? [key_id] : [],
    );
    const about = line`They work again by themselves after ${chosen.suspendSeconds} s.`;
    await askConsent(rt, {
      about,
      warning: line`Requests are refused until then.`,
      verb: line`suspend`,
      keyIds,
    });
  }
  const reason = flags.reason ?? `${reasonOf(asked)}; restricted until it is decided`;
  return (inside, now) => restrict(inside, now, { ...chosen, reason });
};

/** Null when no flag restricts anything. */
function byFlags({ rpm, rph, budget, allowIp, suspendFor, blockIp }: RunFlags): Chosen | null {
  const settings: KeySettings = {
    ...(rpm === undefined ? {} : { rpm }),
    ...(rph === undefined ? {} : { rph }),
    ...(budget === undefined ? {} : { budget_usd: budget }),
    ...(allowIp === undefined ? {} : { allowed_ips: allowIp }),
  };
  const nothing =
    Object.keys(settings).length === 0 && suspendFor === undefined && (blockIp ?? []).length === 0;
  return nothing ? null : { settings, suspendSeconds: suspendFor ?? null, networks: blockIp ?? [] };
}

async function askChosen({ rt }: StepAsked): Promise<Chosen | 'skip' | 'leave'> {
  const which = await askWhich(rt, line`How is it restricted, until it is decided?`, [
    {
      value: 'rpm' as const,
      name: line`fewer requests a minute`,
      description: line`what is needed goes on, slowly`,
    },
    {
      value: 'suspend' as const,
      name: line`suspended for a time`,
      description: line`it works again by itself`,
    },
    { value: 'budget' as const, name: line`a budget for the month`, description: line`US dollars` },
  ]);
  const none = { settings: {}, suspendSeconds: null, networks: [] };
  if (which === 'rpm') {
    const rpm = await value(rt, '--rpm', '10', (text) => settingParsers.rpm(text));
    return { ...none, settings: { rpm } };
  }
  if (which === 'budget') {
    const budget = await value(rt, '--budget', '50', (text) => settingParsers.budgetUsd(text));
    return { ...none, settings: { budget_usd: budget } };
  }
  if (which === 'suspend') {
    const seconds = await value(rt, '--suspend-for', '4h', (text) => parseDuration('--suspend-for', text));
    return { ...none, suspendSeconds: seconds };
  }
  return which;
}

async function value<T>(
  rt: StepAsked['rt'],
  flag: '--rpm' | '--budget' | '--suspend-for',
  example: string,
  parse: (text: string) => T,
): Promise<T> {
  const question = {
    '--rpm': line`Requests a minute:`,
    '--budget': line`US dollars a month:`,
    '--suspend-for': line`For how long (4h):`,
  }[flag];
  return await askValue(rt, undefined, { flag, example, question, parse });
}
