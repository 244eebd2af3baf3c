import { describe, expect, it } from 'vitest';
import type { TriagePicture } from '../../../src/domain/triage.js';
import { clean, line } from '../../../src/render/terminal-text.js';
import { type TriageEvent, triageReducer } from '../../../src/ui/triage/triage-reducer.js';
import {
  afterWalk,
  selectedItem,
  startOfTriage,
  type TriageState,
} from '../../../src/ui/triage/triage-state.js';
import { bulk, departure, detailOf, findingOf, incidentOf, keyOf, now, pictureOf } from './triage-seed.js';

const room = { list: 4, lastTop: 3 };
const reduce = triageReducer({ readOnly: false, me: 'jdoe' });
const key = (name: string): TriageEvent => ({
  type: 'key',
  key: { name, text: name.length === 1 ? name : '' },
  room,
});
const text = (typed: string): TriageEvent => ({ type: 'key', key: { name: 'paste', text: typed }, room });
const loaded = (picture: TriagePicture = pictureOf()): TriageEvent => ({
  type: 'loaded',
  now,
  picture,
  room,
});
const detail: TriageEvent = { type: 'detail-loaded', detail: detailOf(incidentOf()) };
const card: TriageEvent = { type: 'card-loaded', card: [line`118 req/min`] };
function stateAfter(events: readonly (TriageEvent | string)[], start = startOfTriage(now)): TriageState {
  return events.reduce<TriageState>(
    (state, event) => reduce(state, typeof event === 'string' ? key(event) : event),
    start,
  );
}
const change = (state: TriageState) => (state.mode.kind === 'changing' ? state.mode.change : null);
const notice = (state: TriageState) => state.notices.map((each) => each.text).join();
const opened = [loaded(), detail];
const reason = 'leaked in acme/app';

describe('the list', () => {
  it('has incidents first, then what should be one; the selected one stays when others come before it', () => {
    const state = stateAfter([...opened, 'down', 'down', 'down']);
    expect(selectedItem(state)?.id).toBe('key_Zx81pQr0Lk2v');
    const back = stateAfter(['up'], state);
    expect(selectedItem(back)?.id).toBe('INC-38');
    const worse = incidentOf({ id: 'INC-43' });
    expect(
      selectedItem(stateAfter([loaded(pictureOf([worse, incidentOf(), bulk, departure]))], back))?.id,
    ).toBe('INC-38');
  });

  it('filters by every word, and the filter outlives nothing but itself', () => {
    const state = stateAfter([loaded(), '/', ...'high bulk', 'enter']);
    expect(state.listed.map(({ id }) => id)).toEqual(['INC-41']);
    expect(stateAfter(['escape'], state).listed).toHaveLength(4);
    expect(stateAfter(['/', 'x', 'escape'], state).filter).toBe('high bulk');
  });

  it('takes the clock of the database, not the screen’s', () => {
    const state = stateAfter([{ type: 'loaded', now: now - 60_000, picture: pictureOf(), room }]);
    expect(state.skewMs).toBe(60_000);
  });

  it('ignores what was read for another incident meanwhile', () => {
    expect(stateAfter([loaded(), 'down', detail]).detail).toBeNull();
  });

  it('leaves an incident that was shown alone when somebody closed it, and asks on about it', () => {
    const rest = loaded(pictureOf([bulk, departure]));
    expect(stateAfter([...opened, 't', rest]).mode.kind).toBe('board');
    const asking = stateAfter([...opened, 'n', rest]);
    expect(asking.mode.kind).toBe('form');
    expect(change(stateAfter([text('seen'), 'enter'], asking))).toMatchObject({ incidentId: 'INC-42' });
  });
});

describe('the actions', () => {
  it('acknowledge, once: who is late is told', () => {
    expect(change(stateAfter([...opened, 'down', 'a', 'enter']))).toEqual({
      kind: 'acknowledge',
      incidentId: 'INC-41',
    });
    expect(notice(stateAfter([...opened, 'a']))).toBe('INC-42 is acknowledged already');
  });

  it('assign: offers the lead there is, or who sits here; empty means nobody', () => {
    expect(change(stateAfter([...opened, 'down', 'l', 'enter']))).toEqual({
      ...{ kind: 'assign', incidentId: 'INC-41' },
      lead: 'jdoe',
    });
    expect(change(stateAfter([...opened, 'l', 'ctrl-u', 'enter']))).toMatchObject({ lead: null });
    expect(change(stateAfter([...opened, 'l', 'ctrl-u', ...'kim', 'enter']))).toMatchObject({ lead: 'kim' });
  });

  it('note: refuses an empty one, cuts a token', () => {
    expect(stateAfter([...opened, 'n', 'enter']).mode).toMatchObject({ kind: 'form' });
    expect(change(stateAfter([...opened, 'n', ...'public since 02:11', 'enter']))).toEqual({
      ...{ kind: 'note', incidentId: 'INC-42' },
      note: 'public since 02:11',
    });
  });

  it('revoke: all keys of the incident that are alive, with their number typed', () => {
    const two = detailOf(incidentOf(), {
      keys: [
        keyOf(),
        keyOf({ keyId: 'key_2nd000000000', status: 'suspended' }),
        keyOf({ status: 'revoked' }),
      ],
    });
    const asked = stateAfter([
      loaded(),
      { type: 'detail-loaded', detail: two },
      'r',
      text(reason),
      'enter',
      'enter',
    ]);
    const waiting = stateAfter(['2', 'enter'], asked);
    expect(waiting.mode.kind).toBe('form');
    expect(stateAfter([card, 'enter'], waiting).mode).toMatchObject({
      change: {
        ...{ kind: 'revoke', incidentId: 'INC-42', reason, code: 'leaked' },
        keyIds: ['key_7Q2mK9xZab3d', 'key_2nd000000000'],
      },
    });
    expect(change(stateAfter([card, 'ctrl-u', '3', 'enter'], waiting))).toBeNull();
  });

  it('suspend: the chosen key alone, by the start of its own id, for as long as was said', () => {
    const state = stateAfter([
      ...opened,
      'tab',
      's',
      text(reason),
      'enter',
      ...'4h',
      'enter',
      card,
      text('7Q2m'),
      'enter',
    ]);
    expect(change(state)).toEqual({
      ...{ kind: 'suspend', incidentId: 'INC-42', reason, forSeconds: 14_400 },
      keyIds: ['key_7Q2mK9xZab3d'],
    });
    expect(notice(stateAfter([...opened, 'tab', 'tab', 's']))).toBe('this key is revoked already');
    expect(stateAfter([...opened, 'tab', 'tab', 'tab', 'tab']).chosenKeyId).toBeNull();
    expect(stateAfter([...opened, 'tab', 'down']).chosenKeyId).toBeNull();
  });

  it('with nothing to stop, say why', () => {
    const none: TriageEvent = { type: 'detail-loaded', detail: detailOf(incidentOf(), { keys: [] }) };
    expect(notice(stateAfter([loaded(), none, 'r']))).toBe('no key is linked yet: k links one');
    expect(notice(stateAfter([loaded(), 'r']))).toBe('a moment: its keys are still looked up');
    const dead = detailOf(incidentOf(), { keys: [keyOf({ status: 'revoked' })] });
    expect(notice(stateAfter([loaded(), { type: 'detail-loaded', detail: dead }, 's']))).toBe(
      'there is no key left to suspend',
    );
  });

  it('link a key, as it was typed', () => {
    expect(change(stateAfter([...opened, 'k', ...'alice', 'enter', 'enter']))).toEqual({
      ...{ kind: 'link', incidentId: 'INC-42' },
      ...{ key: 'alice', reason: null },
    });
  });

  it('make an incident of what was found; what is one already, and what is none, say so', () => {
    expect(change(stateAfter([loaded(), 'G', 'i', 'enter']))).toEqual({
      ...{ kind: 'escalate' },
      findingIds: ['fnd_4k2Lm9aQx0Zb'],
    });
    expect(notice(stateAfter([loaded(), 'i']))).toBe('this is an incident already');
    for (const pressed of ['a', 'r', 'w', 'enter'])
      expect(notice(stateAfter([loaded(), 'G', pressed]))).toBe('this is no incident yet: i makes it one');
  });

  it('are told, and followed by a fresh picture; while one is under way no key means anything', () => {
    const changing = stateAfter([...opened, 'n', text('seen'), 'enter']);
    expect(stateAfter(['q', 'a', 'escape'], changing).mode.kind).toBe('changing');
    const notices = [{ tone: 'danger', text: clean('no') }] as const;
    const state = stateAfter([{ type: 'changed', outcome: { failed: true, notices } }], changing);
    expect(state).toMatchObject({ mode: { kind: 'board' }, notices, refreshes: 1 });
    expect(stateAfter(['down'], state).notices).toEqual([]);
  });

  it('are refused, each of them, where the screen is read only', () => {
    const only = triageReducer({ readOnly: true, me: 'jdoe' });
    const start = stateAfter(opened);
    for (const pressed of ['a', 'l', 'n', 's', 'r', 'k', 'w', 'enter']) {
      const state = only(start, key(pressed));
      expect(state.mode.kind).toBe('board');
      expect(state.walk).toBeNull();
      expect(notice(state)).toContain('read only');
    }
    expect(notice(only(stateAfter([loaded(), 'G']), key('i')))).toContain('read only');
  });
});

describe('the walkthrough', () => {
  it('is what the board makes way for, whole or its next step', () => {
    expect(stateAfter([...opened, 'w']).walk).toEqual({ incidentId: 'INC-42', step: null });
    expect(stateAfter([...opened, 'enter']).walk).toEqual({ incidentId: 'INC-42', step: 'contain' });
  });

  it('has no next step when all are done', () => {
    const done = detailOf(incidentOf(), { playbook: { name: 'compromise', begun: true, steps: [] } });
    const state = stateAfter([loaded(), { type: 'detail-loaded', detail: done }, 'enter']);
    expect(state.walk).toBeNull();
    expect(notice(state)).toBe('every step of INC-42 is done');
  });

  it('is come back from to the same incident, with the same filter', () => {
    const away = stateAfter([...opened, '/', 'h', 'enter', 'down', 'w']);
    const back = afterWalk(away, now + 1000);
    expect(back).toMatchObject({ walk: null, left: false, filter: 'h', now: now + 1000 });
    expect(selectedItem(back)?.id).toBe(selectedItem(away)?.id);
  });
});

describe('keys that change nothing', () => {
  it('esc goes one step back: chosen key, filter, question, text', () => {
    const state = stateAfter([...opened, '/', ...'key', 'enter', 'tab']);
    expect(stateAfter(['escape'], state)).toMatchObject({ chosenKeyId: null, filter: 'key' });
    expect(stateAfter(['escape', 'escape'], state).filter).toBe('');
    expect(stateAfter([...opened, 'r', 'escape']).mode.kind).toBe('board');
    expect(stateAfter([...opened, 't', '?', 'escape']).mode.kind).toBe('whole');
    expect(stateAfter([...opened, 't', '?', 'escape', 'escape']).mode.kind).toBe('board');
  });

  it('q leaves, but closes help first', () => {
    expect(stateAfter([...opened, 'q']).left).toBe(true);
    expect(stateAfter([...opened, '?', 'q'])).toMatchObject({ left: false, mode: { kind: 'board' } });
  });

  it('a text is scrolled as far as it goes', () => {
    expect(stateAfter([...opened, 't', 'G', 'down']).mode).toMatchObject({ top: 3 });
    expect(stateAfter([...opened, 't', 'G', 'g', 'up']).mode).toMatchObject({ top: 0 });
  });

  it('a failed load keeps the picture', () => {
    const state = stateAfter([
      ...opened,
      { type: 'load-began', now: now + 1000 },
      { type: 'load-failed', message: 'gone' },
    ]);
    expect(state.picture).not.toBeNull();
    expect(state.freshness).toMatchObject({ failure: 'gone', loadedAt: now });
  });

  it('a finding that is gone leaves its place to the next one', () => {
    const two = pictureOf([], [findingOf(0.9), findingOf(0.8, { id: 'key_other' })]);
    const state = stateAfter([loaded(two), loaded(pictureOf([], [findingOf(0.8, { id: 'key_other' })]))]);
    expect(selectedItem(state)?.id).toBe('key_other');
  });
});
