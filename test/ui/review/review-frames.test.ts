import { createElement } from 'react';
import { describe, expect, it } from 'vitest';
import { width } from '../../../src/render/layout.js';
import { styleFor } from '../../../src/render/style.js';
import { clean, line } from '../../../src/render/terminal-text.js';
import { ReviewScreen } from '../../../src/ui/review/ReviewScreen.jsx';
import { reviewKeys } from '../../../src/ui/review/review-keys.js';
import { type ReviewEvent, reviewReducer } from '../../../src/ui/review/review-reducer.js';
import { type ReviewState, selectedSubject, startOfReview } from '../../../src/ui/review/review-state.js';
import { hostile } from '../../render/hostile.js';
import { frameOf } from '../../support/frame.js';
import { detailOf, now, pictureOf, portOf, type SubjectSeed, subjectOf } from './review-seed.js';

type Size = Partial<Parameters<typeof frameOf>[1]>;

const room = { list: 6, lastTop: 50 };
const port = portOf(() => pictureOf([]));
const keys = reviewKeys(port.changes);

/** The frame after these keys, with the selected key's detail there. */
function frame(
  subjects: readonly SubjectSeed[],
  pressed: readonly string[] = [],
  size: Size = {},
  readOnly = false,
) {
  const reduce = reviewReducer({ readOnly, keys });
  const press = (name: string): ReviewEvent => ({
    type: 'key',
    key: { name, text: name.length === 1 ? name : '' },
    room,
  });
  let state: ReviewState = reduce(startOfReview(now), {
    type: 'loaded',
    now,
    picture: pictureOf(subjects.map(subjectOf)),
    room,
  });
  for (const name of pressed) state = reduce(state, press(name));
  const subject = selectedSubject(state);
  if (subject !== null) {
    state = reduce(state, { type: 'detail-loaded', detail: detailOf(subject) });
    state = reduce(state, { type: 'days-loaded', days: new Map([[subject.id, Array<number>(24).fill(7)]]) });
  }
  return frameOf(createElement(ReviewScreen, { state, port: { ...port, readOnly }, keys }), size);
}

const leaked: SubjectSeed = {
  id: 'key_7Q2mK9xZab3d',
  findings: [
    {
      family: 'auth',
      severity: 'critical',
      weight: 0.95,
      summary: '147 refusals from 198.51.100.17, then accepted',
    },
    { family: 'origin', severity: 'low', weight: 0.15, summary: '198.51.100.0/24 never seen in 61 days' },
  ],
};
const sales: SubjectSeed = { name: 'sales_bob', owner: 'bob@example.com', findings: [{ weight: 0.45 }] };
const address: SubjectSeed = {
  ...{ id: '203.0.113.7', keyId: null, familyId: null, ip: '203.0.113.7', name: null, version: null },
  ...{
    status: null,
    owner: null,
    scopes: [],
    activatedAt: null,
    lastUsedAt: null,
    findings: [{ weight: 0.1 }],
  },
};
const three = [leaked, sales, address];
const everySize: readonly (readonly [columns: number, rows: number])[] = [
  [80, 24],
  [200, 50],
  [60, 15],
  [119, 24],
  [120, 30],
];

describe.each(everySize)('the review at %i x %i', (columns, rows) => {
  it('fills the screen exactly and overflows it nowhere', () => {
    const lines = frame(three, [], { columns, rows });
    expect(lines).toHaveLength(rows);
    expect(Math.max(...lines.map((text) => width(clean(text))))).toBeLessThanOrEqual(columns);
  });

  it('tells where it is, as of when, and the keys; the worst key first and selected', () => {
    const lines = frame(three, [], { columns, rows });
    expect(lines[0]).toMatch(/^ REVIEW {2}db\.prod/);
    expect(lines[0]).toContain('as of 03:12:09Z · 5/day: 3 used');
    expect(lines[2]).toMatch(/^› ▲ +96/);
    expect(lines.at(-1)).toContain('? help');
  });

  it.each([['?'], ['S'], ['enter'], ['r'], ['d'], ['/']])('keeps to the screen after %s', (pressed) => {
    const lines = frame(three, [pressed], { columns, rows });
    expect(lines).toHaveLength(rows);
    expect(Math.max(...lines.map((text) => width(clean(text))))).toBeLessThanOrEqual(columns);
  });
});

describe('at 80 x 24', () => {
  it('shows the risk, how it adds up, the band, from where and to where, and what is odd', () => {
    const text = frame(three).join('\n');
    expect(text).toContain('▲ 96 critical = 100 × (1 − .05 × .85)');
    expect(text).toContain('+95 ▲ auth      147 refusals from 198.51.100.17, then accepted');
    expect(text).toMatch(/ \+1 ◆ origin/);
    expect(text).toContain('found 5 m ago, after 2 m');
    expect(text).toContain('expected 40–80  this hour 512 ▲');
    expect(text).toContain('from 198.51.100.17 505 new  203.0.113.9 7');
    expect(text).toContain('/v1/export 488 new');
    expect(text).toContain('odd  network 198.51.100.0/24 (usual: 4 networks)');
  });

  it('marks with a sign what is above the band: no colour carries it alone', () => {
    const lines = frame(three);
    const bars = lines.findIndex((text) => text.trim().endsWith('█'));
    expect(lines[bars + 1]?.trimEnd()).toMatch(/^ +▲$/);
    expect(lines[bars + 1]?.trimEnd()).toHaveLength(lines[bars]?.trimEnd().length ?? 0);
  });

  it('says READ ONLY, and offers no change', () => {
    const lines = frame(three, [], {}, true);
    expect(lines[0]).toContain('READ ONLY');
    expect(lines.at(-1)).not.toContain('revoke');
  });

  it('names an address that concerns no key as such', () => {
    expect(frame(three, ['j', 'j']).join('\n')).toContain('─ 203.0.113.7 · no key of ours');
  });

  it('asks what `keyctl revoke` asks, and shows the command line that does the same', () => {
    const text = frame([leaked], ['r', ...'leaked twice']).join('\n');
    expect(text).toContain('Reason (kept in the audit log):');
    expect(text).toContain('leaked twice_');
    expect(text).toContain("keyctl revoke key_7Q2mK9xZab3d --reason 'leaked twice' --code abuse");
  });

  it('of many findings shows the beginning of the command line, and the question above it', () => {
    const many = { findings: Array.from({ length: 60 }, () => ({})) };
    const lines = frame([many], ['a']);
    expect(lines).toHaveLength(24);
    expect(lines.join('\n')).toMatch(
      /Enter acknowledges 60 findings[\s\S]*this is {2}keyctl audit findings ack fnd_[\s\S]*…/,
    );
    expect(lines.at(-1)).toContain('enter');
  });

  it('says so when there is nothing, and what to press', () => {
    expect(frame([]).join('\n')).toContain('✓ nothing was found; R judges anew');
    expect(frame([{ findings: [{ status: 'acknowledged' }] }]).join('\n')).toContain('v shows it');
    expect(frame(three, ['/', 'x', 'x', 'x']).join('\n')).toContain('nothing fits the filter xxx');
  });

  it('without UTF-8 nothing but ASCII is drawn', () => {
    const style = styleFor({ colorLevel: 0, unicode: false });
    for (const pressed of [[], ['?'], ['enter'], ['r'], ['S']]) {
      const text = frame(three, pressed, { style }).join('\n');
      expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    }
  });
});

describe('from 120 columns', () => {
  it('the detail stands at the right, with the chart, the agents and the timeline', () => {
    const lines = frame(three, [], { columns: 200, rows: 50 });
    expect(lines[1]).toMatch(/RISK.*│ ─ key_7Q2mK9xZab3d/);
    const text = lines.join('\n');
    expect(text).toContain('curl 505');
    expect(text).toMatch(/11-21 03:05 ▲ volume_requests/);
    expect(text).toContain('next  keyctl revoke key_7Q2mK9xZab3d --code leaked');
  });
});

it('below 60 x 15 a sentence asks for more room', () => {
  expect(frame(three, [], { columns: 59, rows: 24 }).join(' ')).toContain('needs 60 columns and 15 rows');
  expect(frame(three, [], { columns: 80, rows: 14 }).join(' ')).toContain('here are 80 and 14');
});

it('of 10,000 keys only the rows of the window are drawn', () => {
  const many = Array.from({ length: 10_000 }, (_, at) => ({
    name: `key-${at}`,
    findings: [{ weight: 0.4 }],
  }));
  const lines = frame(many, ['G'], { columns: 80, rows: 24 });
  expect(lines).toHaveLength(24);
  expect(lines.filter((text) => /key-\d+/.test(text.slice(0, 40)))).toHaveLength(7);
  expect(lines.join('\n')).toContain('10000 of 10000');
});

describe('text from outside', () => {
  it.each(hostile)('%s: is shown, not obeyed', (_trick, text) => {
    const subject: SubjectSeed = {
      ...{ name: text, owner: text, scopes: [text] },
      findings: [{ summary: text, weight: 0.9, detector: text }],
    };
    for (const pressed of [[], ['enter'], ['S'], ['r'], ['a'], ['/']]) {
      for (const isScreenReader of [false, true]) {
        const lines = frame([subject, leaked], pressed, { isScreenReader });
        // Also what Ink itself adds to a text: nothing but our own characters and no control is left.
        expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u);
        if (!isScreenReader)
          expect(Math.max(...lines.map((each) => width(clean(each))))).toBeLessThanOrEqual(80);
      }
    }
  });
});

describe('read aloud', () => {
  const aloud = (pressed: readonly string[] = []) =>
    frame(three, pressed, { isScreenReader: true, columns: 300 });

  it('is sentences about one key, without columns, bars and signs', () => {
    const text = aloud().join('\n');
    expect(text).toContain(
      '1 of 3: alice-prod v3, risk 96, critical, key_7Q2mK9xZab3d, active, owner alice@example.com, last used 4 s ago, found 5 m ago.',
    );
    expect(text).toContain('Plus 95, auth, critical: 147 refusals from 198.51.100.17, then accepted. open.');
    expect(text).toContain('In this hour 512 requests, usual are 40 to 80.');
    expect(text).toContain('From 198.51.100.17 505 times, new; 203.0.113.9 7 times.');
    expect(text).not.toMatch(/[▁-█░│]/);
  });

  it('tells the next key when it is selected, and that it is marked', () => {
    expect(aloud(['space', 'k']).join('\n')).toContain('1 of 3, marked: alice-prod');
    expect(aloud(['j']).join('\n')).toContain('2 of 3: sales_bob');
  });
});

it('a notice of a command is said with its own sign and colours', () => {
  const reduce = reviewReducer({ readOnly: false, keys });
  const picture = pictureOf([subjectOf(leaked)]);
  let state = reduce(startOfReview(now), { type: 'loaded', now, picture, room });
  const notice = { tone: null, text: line`✓ revoked 03:12:07Z · audit 8841` };
  for (const name of ['a', 'enter']) state = reduce(state, { type: 'key', key: { name, text: '' }, room });
  state = reduce(state, { type: 'changed', outcome: { failed: false, notices: [notice] } });
  const lines = frameOf(createElement(ReviewScreen, { state, port, keys }));
  expect(lines.at(-2)).toBe(' ✓ revoked 03:12:07Z · audit 8841');
});
