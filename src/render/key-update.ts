import type { KeyOutcome } from '../actions/each-key.js';
import type { Updates } from '../actions/update-keys.js';
import type { UpdateAnswer } from '../db/kernel-keys.js';
import { isoTime } from '../domain/stored-time.js';
import { outcomeCounts, outcomeTexts, resultRecord } from './key-outcomes.js';
import { labelled, settingColumns } from './labelled.js';
import type { Json, Renderer, View } from './renderer.js';
import { settingLabel, settingText } from './setting-names.js';
import { joinLines, line, type Safe } from './terminal-text.js';

type Owners = Updates['owners'];
type Settings = Readonly<Record<string, Json>>;

/** `keys update`: before and after, key by key. */
export const keyUpdate: Renderer<Updates> = {
  text: (value, view) =>
    outcomeTexts(value, view, {
      what: line`updated`,
      text: ({ answer }) => updatedText(answer, value.owners, view),
    }),
  json: (value) => ({
    operation_id: value.operationId,
    results: value.outcomes.map((each) => updatedRecord(each, value.owners)),
    ...outcomeCounts(value, ['updated', 'unchanged']),
  }),
  records: (value) =>
    value.outcomes.map((each) => ({
      operation_id: value.operationId,
      ...updatedRecord(each, value.owners),
    })),
  ids: (value) => value.outcomes.map((each) => each.row.key.id),
};

/** `rpm   100 → 200`, a line for each setting that differs. */
export function differences(before: Settings, after: Settings, view: View): Safe[] {
  return Object.keys(after).map((name) =>
    labelled(
      settingLabel(name),
      line`${settingText(before[name], name)} → ${settingText(after[name], name)}`,
      view,
      settingColumns,
    ),
  );
}

function updatedText(answer: UpdateAnswer, owners: Owners, view: View): Safe {
  const { style } = view;
  if (answer.outcome === 'unchanged') return line`${style.sign.ok} unchanged: it is set so already`;
  return joinLines([
    style.ok(line`${style.sign.ok} updated · audit ${answer.audit_seq ?? 0}`),
    ...differences(asShown(answer.before, owners), asShown(answer.after, owners), view),
  ]);
}

function updatedRecord(outcome: KeyOutcome<UpdateAnswer>, owners: Owners): Record<string, Json> {
  const { answer } = outcome;
  return resultRecord(outcome, {
    before: asShown(answer?.before ?? {}, owners),
    after: asShown(answer?.after ?? {}, owners),
  });
}

/** The kernel's values under the names and in the forms of a key's record: an owner by address, times as RFC 3339. */
function asShown(values: Readonly<Record<string, unknown>>, owners: Owners): Settings {
  return Object.fromEntries(
    Object.entries(values as Settings).map(([name, value]) => {
      if (name === 'owner_id')
        return ['owner', typeof value === 'string' ? (owners.get(value) ?? value) : null];
      if (name.endsWith('_at') && typeof value === 'string') return [name, isoTime(value)];
      return [name, value];
    }),
  );
}
