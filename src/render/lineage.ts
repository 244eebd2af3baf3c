import type { Lineage } from '../actions/key-lineage.js';
import type { LifeEvent } from '../db/reads/lineage.js';
import { isoTime } from '../domain/stored-time.js';
import { keyFate } from './key-fate.js';
import { plannedKeyRecord } from './key-record.js';
import { labelled } from './labelled.js';
import { livingRotationLines } from './living-rotation.js';
import { counted } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { statusWord } from './status-word.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** `keys lineage`: a family, version by version, and what happened to each. */
export const lineage: Renderer<Lineage> = {
  text: (value, view) => {
    const known = new Set(value.keys.map(({ key }) => key.id));
    const others = value.events.filter(({ keyId }) => keyId === null || !known.has(keyId));
    return joinLines([
      line`family ${clean(value.familyId)}  ${counted(value.keys.length, 'version')}`,
      ...livingRotationLines(value.rotations, view),
      ...value.keys.map((row) => versionText(value, row, view)),
      ...others.map((event) => eventLine(event, view)),
    ]);
  },
  json: (value) => ({
    family_id: value.familyId,
    keys: value.keys.map((row) => ({
      ...plannedKeyRecord(row),
      events: value.events.filter(({ keyId }) => keyId === row.key.id).map(eventRecord),
    })),
    next_cursor: null,
  }),
  records: (value) => value.keys.map(plannedKeyRecord),
  ids: (value) => value.keys.map(({ key }) => key.id),
};

function versionText(value: Lineage, row: Lineage['keys'][number], view: View): Safe {
  const { key } = row;
  const { style } = view;
  const fate = keyFate(row, key.status);
  const mark = key.id === value.keyId ? style.accent(style.sign.accent) : line` `;
  const events = value.events.filter(({ keyId }) => keyId === key.id);
  return joinLines([
    line`${mark} v${key.version}  ${clean(key.id)}  ${statusWord(key.status, style)}  ${clean(key.name)}`,
    ...(key.replaces === null ? [] : [labelled(line`replaces`, clean(key.replaces), view)]),
    ...(key.replacedBy === null ? [] : [labelled(line`replaced by`, clean(key.replacedBy), view)]),
    ...(fate === null ? [] : [labelled(line`status`, fate, view)]),
    ...events.map((event) => eventLine(event, view)),
  ]);
}

function eventLine({ at, action, actor, reason, auditSeq }: LifeEvent, view: View): Safe {
  const why = reason === null ? line`` : line`: ${clean(reason)}`;
  const what = action.replace(/^key\./, '').replace(/_/g, ' ');
  return labelled(
    line`audit ${auditSeq}`,
    line`${clean(isoTime(at))}  ${clean(what)} by ${clean(actor)}${why}`,
    view,
  );
}

function eventRecord({ at, action, actor, reason, auditSeq }: LifeEvent): Json {
  return { at: isoTime(at), action, actor, reason, audit_seq: auditSeq };
}
