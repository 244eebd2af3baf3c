import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { groupBy } from '../src/domain/detect/tally.js';
import { type Attack, attacksOf, disguises } from './splice/attacks.js';
import { makeBackground, readData } from './splice/background.js';
import { type Caught, playRound, type RoundResult } from './splice/round.js';

/**
 * `npm run bench:splice -- --data DIR [--seed N]`: recorded attacks (stratus, web scanners), put at their own pace onto keys of a
 * month of ordinary use with the nuisances of a month, and what the detectors make of it: precision, recall, minutes to detection.
 */
const usage = 'usage: npm run bench:splice -- --data DIR [--seed N]';
/** Attacks in one month; more would leave no ordinary fleet around them. */
const attacksAtOnce = 12;
/** A Wednesday afternoon; demo months move with their end by whole weeks. */
const anchor = Date.parse('2026-11-18T18:00:00Z');

const { values } = parseArgs({ options: { data: { type: 'string' }, seed: { type: 'string' } } });
if (values.data === undefined) throw new Error(usage);
const seed = values.seed === undefined ? randomInt(1, 1_000_000) : Number(values.seed);
console.log(`splice benchmark, seed ${seed}: every line is reproduced by --seed ${seed}`);

const attacks = attacksOf(readData(values.data, 'stratus'), readData(values.data, 'webscan_ocatak'));
const visitors = readData(values.data, 'apache_semicomplete');
const results: RoundResult[] = [];
for (let from = 0; from < attacks.length; from += attacksAtOnce) {
  const roundSeed = seed + from;
  const background = makeBackground(roundSeed, anchor, visitors);
  results.push(playRound(background, attacks.slice(from, from + attacksAtOnce), roundSeed));
  console.error(`  ${Math.min(from + attacksAtOnce, attacks.length)} of ${attacks.length} attacks played`);
}
report(results, attacks);

function report(rounds: readonly RoundResult[], played: readonly Attack[]): void {
  const caught = rounds.flatMap((round) => round.caught);
  const alarms = rounds.flatMap((round) => round.falseAlarms);
  const families = rounds.reduce((sum, round) => sum + round.families, 0);
  const suffered = rounds.reduce((sum, round) => sum + round.nuisances, 0);
  const found = caught.filter(({ minutes }) => minutes !== null).length;
  console.log(
    `${played.length} attacks, ${families} families judged for 7 days, ${suffered} of them with a nuisance; flagged is a risk of 40 (medium) or more`,
  );
  console.log(
    `precision ${ratio(found, found + alarms.length)}  recall ${ratio(found, caught.length)}  false alarms ${alarms.length}`,
  );
  for (const disguise of disguises)
    summary(
      `disguise: ${disguise}`,
      caught.filter(({ spliced }) => spliced.disguise === disguise),
    );
  for (const pool of [false, true])
    summary(
      pool ? 'victim: public web pool' : 'victim: service key',
      caught.filter(({ spliced }) => spliced.victim.startsWith('web-pool') === pool),
    );
  for (const [archetype, own] of groupBy(caught, ({ spliced }) => spliced.attack.archetype))
    summary(archetype, own);
  for (const { spliced, risk } of caught.filter(({ minutes }) => minutes === null))
    console.log(
      `  missed: ${spliced.attack.name} (${spliced.attack.events.length} requests, disguise ${spliced.disguise}) on ${spliced.victim}, risk ${risk}`,
    );
  for (const { name, nuisance, risk, findings } of alarms)
    console.log(
      `  false alarm: ${name} (${nuisance ?? 'ordinary'}), risk ${risk}: ${[...new Set(findings.map(({ detector }) => detector))].join(', ')}`,
    );
}

function summary(name: string, own: readonly Caught[]): void {
  const minutes = own.flatMap((each) => each.minutes ?? []).toSorted((a, b) => a - b);
  const median = minutes[Math.floor((minutes.length - 1) / 2)];
  const worst = minutes.at(-1);
  const seen = own.filter(({ findings }) => findings > 0).length;
  const times =
    median === undefined ? '' : `  minutes: median ${median.toFixed(1)}, worst ${worst?.toFixed(1)}`;
  console.log(
    `  ${name.padEnd(34)} recall ${ratio(minutes.length, own.length)}  any finding ${seen}${times}`,
  );
}

function ratio(part: number, whole: number): string {
  return whole === 0 ? 'none' : `${(part / whole).toFixed(2)} (${part}/${whole})`;
}
