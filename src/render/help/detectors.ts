import { type DetectorFamily, detectorFamilies } from '../../domain/detect/finding.js';
import { addressDetectors, detectors, staleDetectors } from '../../domain/detect/registry.js';
import { labelled } from '../labelled.js';
import { wrap } from '../layout.js';
import type { Json, Renderer, View } from '../renderer.js';
import { clean, joinLines, line, type Safe } from '../terminal-text.js';

const all = [...detectors, ...addressDetectors, ...staleDetectors];
type Described = (typeof all)[number];

/** What each is asked about, and how often. */
const spans: Readonly<Record<Described['span'], string>> = {
  hour: 'a key’s hour',
  moment: 'a key’s last ten minutes, every five',
  address: 'an address over all keys, every five minutes',
  silence: 'a key that is silent, once a day',
};

const families: Readonly<Record<DetectorFamily, string>> = {
  volume: 'how much',
  origin: 'from where',
  auth: 'refusals, and what came after them',
  content: 'what was asked for',
  time: 'when',
  lifecycle: 'what the key is',
};

const introduction =
  'The risk of a key is made of families: of each the strongest finding, and a quarter of the second. What is scored is held ' +
  'against the scores of the whole fleet, so that no more alerts come than --alert-budget asks for; what is a rule always counts.';

const labelColumns = 3;

/** `keyctl help detectors`, from the registry. */
export const detectorHelp: Renderer<null> = {
  text: (_value, view) =>
    joinLines([
      ...wrap(clean(introduction), view.columns),
      ...detectorFamilies.flatMap((family) => [
        line``,
        view.style.strong(line`${clean(family)}: ${clean(families[family])}`),
        ...all.filter((each) => each.family === family).flatMap((each) => detectorLines(each, view)),
      ]),
    ]),
  json: () => ({ detectors: records() }),
  records,
  columns: ['name', 'family', 'summary', 'rule', 'source', 'asked_about', 'budgeted'],
  ids: () => all.map(({ name }) => name),
};

function detectorLines({ name, summary, rule, source, span, budgeted }: Described, view: View): Safe[] {
  const row = (value: string) => labelled(line``, clean(value), view, labelColumns);
  return [
    ...wrap(line`${clean(name)}  ${clean(summary)}`, view.columns - 2).map((part) => line`  ${part}`),
    row(rule),
    row(`${budgeted ? 'scored' : 'a rule'}; about ${spans[span]}; after ${source}`),
  ];
}

function records(): Record<string, Json>[] {
  return all.map(({ name, family, summary, rule, source, span, budgeted }) => ({
    ...{ name, family, summary, rule, source, asked_about: span, budgeted },
  }));
}
