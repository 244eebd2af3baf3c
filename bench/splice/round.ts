import { type Chance, chanceOf } from '../../src/actions/demo/chance.js';
import { noKnowledge } from '../../src/domain/detect/activity.js';
import { usualAlertBudget } from '../../src/domain/detect/calibration.js';
import type { Raised } from '../../src/domain/detect/raised.js';
import { riskOf } from '../../src/domain/detect/risk.js';
import { type Attack, disguises, type Spliced, splice } from './attacks.js';
import { type Background, type BackgroundFamily, subjectOf } from './background.js';
import { judgeEvents } from './judge-events.js';
import { nuisances } from './nuisances.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const judgedDays = 7;
/** From this risk on a key stands in the queue with a colour: medium. */
const flaggedFrom = 40;
/** Families of each nuisance in a round. */
const nuisancesOfKind = 2;

export interface Caught {
  readonly spliced: Spliced;
  /** Minutes from the first abusive request until the key's risk was medium; null: never. */
  readonly minutes: number | null;
  readonly risk: number;
  /** Of any severity. */
  readonly findings: number;
}

interface FalseAlarm {
  readonly name: string;
  /** The nuisance that it suffered; null: an ordinary month. */
  readonly nuisance: string | null;
  readonly risk: number;
  readonly findings: readonly Raised[];
}

export interface RoundResult {
  readonly caught: readonly Caught[];
  readonly falseAlarms: readonly FalseAlarm[];
  readonly nuisances: number;
  readonly families: number;
}

/** One month: some victims, some nuisances, and the rest of the fleet as it was. */
export function playRound(background: Background, attacks: readonly Attack[], seed: number): RoundResult {
  const chance = chanceOf(seed, 'round');
  const { anchor } = background;
  const usable = shuffled(
    background.families.filter(({ events, keys }) => events.length > 500 && keys.at(-1)?.diedAt === null),
    chance,
  );
  const moment = () => anchor - hourMs * 6 - chance.below((judgedDays - 1) * dayMs);
  const spliced = attacks.flatMap((attack, at) => {
    const victim = usable[at];
    const disguise = disguises[(at + seed) % disguises.length] ?? 'none';
    return victim === undefined ? [] : splice(victim, attack, { from: moment(), disguise, chance });
  });
  const kinds = Object.keys(nuisances).flatMap((kind) => Array<string>(nuisancesOfKind).fill(kind));
  const suffering = new Map(
    usable
      .slice(spliced.length, spliced.length + kinds.length)
      .map((family, at) => [family.name, kinds[at] ?? '']),
  );
  const families = background.families.map((family) => {
    const kind = suffering.get(family.name);
    if (kind !== undefined) return nuisances[kind]?.(family, moment(), chance) ?? family;
    return spliced.find(({ victim }) => victim === family.name)?.family ?? family;
  });
  const raised = judged(families, anchor);
  return {
    caught: spliced.map((each) => caughtOf(each, raised, anchor)),
    falseAlarms: families
      .filter(({ name }) => !spliced.some(({ victim }) => victim === name))
      .map((family) => alarmOf(family, suffering.get(family.name) ?? null, raised, anchor))
      .filter(({ risk }) => risk >= flaggedFrom),
    nuisances: suffering.size,
    families: families.length,
  };
}

function judged(families: readonly BackgroundFamily[], anchor: number): readonly Raised[] {
  const events = families.flatMap((family) => family.events).toSorted((a, b) => a.at - b.at);
  return judgeEvents(
    { subjects: families.map(subjectOf), events, strays: [] },
    {
      ...{ since: anchor - 14 * dayMs, until: anchor, knowledge: noKnowledge },
      alertBudgetPerDay: usualAlertBudget(families.length),
    },
  ).filter(({ detectedAt }) => detectedAt >= anchor - judgedDays * dayMs);
}

function caughtOf(spliced: Spliced, raised: readonly Raised[], anchor: number): Caught {
  const own = of(spliced.family, raised).filter(({ windowEnd }) => windowEnd > spliced.from);
  const until = own.findIndex((_each, at) => riskAt(own.slice(0, at + 1), anchor) >= flaggedFrom);
  const moment = own[until]?.detectedAt;
  return {
    spliced,
    minutes: moment === undefined ? null : Math.max(0, (moment - spliced.from) / 60_000),
    risk: riskAt(own, anchor),
    findings: own.length,
  };
}

function alarmOf(
  family: BackgroundFamily,
  nuisance: string | null,
  raised: readonly Raised[],
  anchor: number,
): FalseAlarm {
  const findings = of(family, raised);
  return { name: family.name, nuisance, findings, risk: riskAt(findings, anchor) };
}

function of({ keys }: BackgroundFamily, raised: readonly Raised[]): readonly Raised[] {
  return raised.filter(({ familyId }) => familyId === keys[0]?.familyId);
}

/** The risk when all of it is fresh. */
function riskAt(findings: readonly Raised[], now: number): number {
  const weighed = findings.map((each) => ({
    ...each,
    bits: each.calibratedBits ?? each.bits,
    lastSeenAt: now,
  }));
  return riskOf(weighed, now).risk;
}

function shuffled<T>(items: readonly T[], chance: Chance): readonly T[] {
  return items
    .map((item) => ({ item, order: chance.next() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
