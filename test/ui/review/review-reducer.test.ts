import { describe, expect, it } from 'vitest';
import type { ReviewSubject } from '../../../src/domain/review.js';
import { clean, line } from '../../../src/render/terminal-text.js';
import { reviewKeys } from '../../../src/ui/review/review-keys.js';
import type { ReviewChangeKind } from '../../../src/ui/review/review-port.js';
import { type ReviewEvent, reviewReducer } from '../../../src/ui/review/review-reducer.js';
import { type ReviewState, selectedSubject, startOfReview } from '../../../src/ui/review/review-state.js';
import { detailOf, now, pictureOf, subjectOf } from './review-seed.js';

const all: readonly ReviewChangeKind[] = ['acknowledge', 'dismiss', 'suspend', 'revoke', 'escalate'];
const room = { list: 4, lastTop: 3 };
const rules = { readOnly: false, keys: reviewKeys(all) };
const reduce = reviewReducer(rules);

const named: Readonly<Record<string, string>> = { space: ' ' };
const key = (name: string): ReviewEvent => ({
  type: 'key',
  key: { name, text: named[name] ?? (name.length === 1 ? name : '') },
  room,
});
const text = (typed: string): ReviewEvent[] => [{ type: 'key', key: { name: 'paste', text: typed }, room }];
const loadedWith = (subjects: readonly ReviewSubject[]): ReviewEvent => ({
  type: 'loaded',
  now,
  picture: pictureOf(subjects),
  room,
});
const stateAfter = (events: readonly (ReviewEvent | string)[], start = startOfReview(now)): ReviewState =>
  events.reduce<ReviewState>(
    (state, event) => reduce(state, typeof event === 'string' ? key(event) : event),
    start,
  );

/** Five keys, the first with the highest risk. */
const five = Array.from({ length: 5 }, (_, at) =>
  subjectOf({ id: `key_${at}Q2mK9xZab3d`, name: `key-${at}`, findings: [{ weight: 0.9 - at / 10 }] }),
);
const opened = loadedWith(five);
const selected = (state: ReviewState) => selectedSubject(state)?.name;

describe('the list', () => {
  it('starts at the highest risk and moves by keys, never out of the list', () => {
    expect(selected(stateAfter([opened]))).toBe('key-0');
    expect(selected(stateAfter([opened, 'j', 'down']))).toBe('key-2');
    expect(selected(stateAfter([opened, 'G']))).toBe('key-4');
    expect(selected(stateAfter([opened, 'G', 'j', 'k', 'g', 'up']))).toBe('key-0');
    expect(selected(stateAfter([opened, 'pagedown']))).toBe('key-3');
  });

  it('keeps the selected key on its line when a refresh brings others before it', () => {
    const before = stateAfter([opened, 'j', 'j']);
    const more = [subjectOf({ name: 'worse', findings: [{ weight: 0.97 }] }), ...five];
    const state = reduce(before, loadedWith(more));
    expect(selected(state)).toBe('key-2');
    expect(state.position.top).toBe(1);
  });

  it('selects the next one when the selected key is done with, and unmarks what is gone', () => {
    const before = stateAfter([opened, 'space']);
    expect(before.marked.size).toBe(1);
    const state = reduce(before, loadedWith(five.slice(2)));
    expect(selected(state)).toBe('key-3');
    expect(state.marked.size).toBe(0);
  });

  it('a failed refresh keeps the picture, and says why until one succeeds', () => {
    const failed = stateAfter([
      opened,
      { type: 'load-began', now },
      { type: 'load-failed', message: 'unreachable' },
    ]);
    expect(failed.listed).toHaveLength(5);
    expect(failed.freshness).toMatchObject({ failure: 'unreachable', loadedAt: now });
    expect(reduce(failed, opened).freshness.failure).toBeNull();
  });

  it('drops what was read for a key that somebody has left meanwhile', () => {
    const [first, second] = five as [ReviewSubject, ReviewSubject];
    const state = stateAfter([opened, { type: 'detail-loaded', detail: detailOf(first) }, 'j']);
    expect(reduce(state, { type: 'detail-loaded', detail: detailOf(first) }).detail).toBe(state.detail);
    expect(reduce(state, { type: 'detail-loaded', detail: detailOf(second) }).detail?.id).toBe(second.id);
  });

  it('filters while it is typed; Enter keeps the filter, Escape takes it away', () => {
    const typing = stateAfter([opened, '/', 'k', 'e', 'y', '-', '3']);
    expect(typing.listed.map(({ name }) => name)).toEqual(['key-3']);
    expect(stateAfter(['enter'], typing)).toMatchObject({ filter: 'key-3', mode: { kind: 'queue' } });
    expect(stateAfter(['escape'], typing).listed).toHaveLength(5);
    expect(stateAfter(['enter', 'escape'], typing).filter).toBe('');
  });

  it('sorts by other columns and comes back to risk', () => {
    const subjects = [
      subjectOf({ name: 'b', owner: 'zoe@example.com', lastUsedAt: now - 1, findings: [{ minutesAgo: 9 }] }),
      subjectOf({ name: 'a', owner: 'bob@example.com', lastUsedAt: now - 9, findings: [{ minutesAgo: 99 }] }),
    ];
    const orders = ['o', 'o', 'o', 'o'].map((_, at) =>
      stateAfter([loadedWith(subjects), ...Array<string>(at + 1).fill('o')]),
    );
    expect(orders.map(({ sort, listed }) => [sort, listed.map(({ name }) => name).join('')])).toEqual([
      ['last use', 'ba'],
      ['age', 'ab'],
      ['owner', 'ab'],
      ['key', 'ab'],
    ]);
    expect(stateAfter(['o'], orders[3]).sort).toBe('risk');
  });

  it('hides what was looked at, until v shows it', () => {
    const seen = subjectOf({ name: 'seen', findings: [{ status: 'acknowledged', weight: 0.95 }] });
    const state = stateAfter([loadedWith([...five, seen])]);
    expect(state.listed.map(({ name }) => name)).not.toContain('seen');
    expect(stateAfter(['v'], state).listed.map(({ name }) => name)).toContain('seen');
  });
});

describe('texts over the screen', () => {
  it.each([
    ['?', 'help'],
    ['S', 'sql'],
    ['enter', 'detail'],
  ])('%s opens the %s, which scrolls as far as there is text, and Escape goes back', (opens, kind) => {
    const open = stateAfter([opened, opens]);
    expect(open.mode.kind).toBe(kind);
    expect(stateAfter(['j', 'j', 'j', 'j', 'j'], open).mode).toMatchObject({ top: 3 });
    expect(stateAfter(['G', 'k'], open).mode).toMatchObject({ top: 2 });
    expect(stateAfter(['escape'], open).mode.kind).toBe('queue');
  });

  it('help over a key alone leads back to it', () => {
    expect(stateAfter([opened, 'enter', '?', 'escape']).mode.kind).toBe('detail');
  });

  it('q leaves, but closes help first', () => {
    expect(stateAfter([opened, '?', 'q'])).toMatchObject({ left: false, mode: { kind: 'queue' } });
    expect(stateAfter([opened, 'q']).left).toBe(true);
  });
});

describe('changes', () => {
  const reason = 'leaked in acme/app commit 7a3f21';
  const card: ReviewEvent = { type: 'card-loaded', card: [line`118 requests/min`] };
  const answer = (value: string) => [...text(value), key('enter')];

  it('a revocation asks reason, kind and the key’s own letters, and only then is asked for', () => {
    const asked = stateAfter([opened, 'r', card, ...answer(reason), 'enter']);
    expect(asked.mode.kind).toBe('form');
    const refused = stateAfter(answer('yes'), asked);
    expect(refused.mode).toMatchObject({
      kind: 'form',
      form: { problem: expect.stringContaining('not 0Q2m') },
    });
    const state = stateAfter([key('ctrl-u'), ...answer('0Q2m')], refused);
    expect(state.mode).toMatchObject({
      kind: 'changing',
      change: { kind: 'revoke', keyIds: ['key_0Q2mK9xZab3d'], reason, code: 'abuse' },
    });
  });

  it('nobody agrees to what was not shown yet', () => {
    const state = stateAfter([opened, 'r', ...answer(reason), 'enter', ...answer('0Q2m')]);
    expect(state.mode).toMatchObject({
      kind: 'form',
      form: { problem: expect.stringContaining('a moment') },
    });
    expect(stateAfter([card, 'enter'], state).mode.kind).toBe('changing');
  });

  it('what would break may stay unknown, and says so', () => {
    const state = stateAfter([opened, 's', { type: 'card-failed', message: 'too slow' }]);
    expect(state.mode).toMatchObject({ card: ['what would break is not known: too slow'] });
  });

  it('of several marked keys the count is typed', () => {
    const state = stateAfter([
      opened,
      'space',
      'space',
      's',
      card,
      ...answer(reason),
      ...answer('4h'),
      ...answer('2'),
    ]);
    expect(state.mode).toMatchObject({
      kind: 'changing',
      change: {
        kind: 'suspend',
        keyIds: ['key_0Q2mK9xZab3d', 'key_1Q2mK9xZab3d'],
        reason,
        forSeconds: 14_400,
      },
    });
  });

  it('acknowledges all open findings of the marked keys after one Enter', () => {
    const state = stateAfter([opened, 'space', 'space', 'a', 'enter']);
    const findingIds = five
      .slice(0, 2)
      .flatMap(({ risk }) => risk.steps.map(({ finding }) => finding.findingId));
    expect(state.mode).toMatchObject({ kind: 'changing', change: { kind: 'acknowledge', findingIds } });
  });

  it('dismisses with a reason, and silent until a date when one is given', () => {
    const state = stateAfter([opened, 'd', ...answer('night batch, known to ops'), ...answer('7d')]);
    expect(state.mode).toMatchObject({
      change: {
        kind: 'dismiss',
        reason: 'night batch, known to ops',
        suppressUntil: '2026-11-28T03:12:09.000Z',
      },
    });
    const open = stateAfter([opened, 'd', ...answer('night batch, known to ops'), 'enter']);
    expect(open.mode).toMatchObject({ change: { suppressUntil: null } });
  });

  it('refuses a reason that says nothing, in the words of the command line', () => {
    const state = stateAfter([opened, 'd', ...answer('revoked')]);
    expect(state.mode).toMatchObject({ form: { at: 0, problem: expect.stringContaining('--reason') } });
  });

  it('makes findings part of an incident', () => {
    const state = stateAfter([opened, 'i', key('ctrl-u'), ...answer('INC-42')]);
    expect(state.mode).toMatchObject({ change: { kind: 'escalate', incident: 'INC-42' } });
  });

  it('has no key for what is not offered', () => {
    const without = reviewReducer({ readOnly: false, keys: reviewKeys(['acknowledge']) });
    expect(without(stateAfter([opened]), key('i')).mode.kind).toBe('queue');
  });

  it.each(['a', 'd', 's', 'r', 'i'])('read only, %s changes nothing and says why', (pressed) => {
    const locked = reviewReducer({ ...rules, readOnly: true });
    const state = locked(stateAfter([opened]), key(pressed));
    expect(state.mode.kind).toBe('queue');
    expect(state.notices[0]?.text).toContain('read only');
  });

  it.each(['revoked', 'replaced', 'expired'])('a key that is %s is not stopped again', (status) => {
    const state = stateAfter([loadedWith([subjectOf({ status })]), 'r']);
    expect(state.mode.kind).toBe('queue');
    expect(state.notices[0]?.text).toContain('no key to stop');
  });

  it('while a change is under way no key means anything; then it says what came of it and reads anew', () => {
    const changing = stateAfter([opened, 'space', 'a', 'enter']);
    expect(stateAfter(['q', 'r', 'escape'], changing).mode.kind).toBe('changing');
    const notices = [{ tone: 'ok' as const, text: clean('1 finding acknowledged') }];
    const done = stateAfter([{ type: 'changed', outcome: { failed: false, notices } }], changing);
    expect(done).toMatchObject({ mode: { kind: 'queue' }, notices, refreshes: 1 });
    expect(done.marked.size).toBe(0);
    expect(stateAfter(['j'], done).notices).toEqual([]);
  });

  it('what failed stays marked, to be tried again', () => {
    const changing = stateAfter([opened, 'space', 'a', 'enter']);
    const outcome = { failed: true, notices: [{ tone: 'danger' as const, text: line`unreachable` }] };
    expect(stateAfter([{ type: 'changed', outcome }], changing).marked.size).toBe(1);
  });

  it('alone with a key, that key is meant, whatever is marked', () => {
    const state = stateAfter([opened, 'space', 'enter', 'r']);
    expect(state.mode).toMatchObject({ asked: { keyIds: ['key_1Q2mK9xZab3d'] }, under: 'detail' });
    expect(stateAfter(['escape'], state).mode.kind).toBe('detail');
  });

  it('R judges anew once, and tells what came of it', () => {
    const judging = stateAfter([opened, 'R']);
    expect(judging.judging).toBe(true);
    const done = stateAfter([{ type: 'judged', notice: { tone: 'ok', text: line`1 new` } }], judging);
    expect(done).toMatchObject({ judging: false, refreshes: 1, notices: [{ text: '1 new' }] });
  });
});
