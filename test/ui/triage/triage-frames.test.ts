import { randomBytes } from 'node:crypto';
import { createElement } from 'react';
import { describe, expect, it } from 'vitest';
import { mintToken } from '../../../src/domain/token.js';
import type { TriagePicture } from '../../../src/domain/triage.js';
import { width } from '../../../src/render/layout.js';
import { styleFor } from '../../../src/render/style.js';
import { clean } from '../../../src/render/terminal-text.js';
import { TriageScreen } from '../../../src/ui/triage/TriageScreen.jsx';
import { type TriageEvent, triageReducer } from '../../../src/ui/triage/triage-reducer.js';
import { selectedIncident, startOfTriage, type TriageState } from '../../../src/ui/triage/triage-state.js';
import { hostile } from '../../render/hostile.js';
import { frameOf } from '../../support/frame.js';
import {
  bulk,
  departure,
  detailOf,
  findingOf,
  incidentOf,
  keyOf,
  now,
  pictureOf,
  portOf,
  usageOf,
} from './triage-seed.js';

type Size = Partial<Parameters<typeof frameOf>[1]>;

const room = { list: 6, lastTop: 50 };
const port = portOf(() => pictureOf());

interface Drawn {
  readonly picture?: TriagePicture;
  readonly pressed?: readonly string[];
  readonly size?: Size;
  readonly readOnly?: boolean;
  readonly detail?: typeof detailOf;
}

/** The frame after these keys, with what hangs on the selected incident there. */
function frame(drawn: Drawn = {}): string[] {
  const { picture = pictureOf(), pressed = [], size = {}, readOnly = false, detail = detailOf } = drawn;
  const reduce = triageReducer({ readOnly, me: 'jdoe' });
  let state: TriageState = reduce(startOfTriage(now), { type: 'loaded', now, picture, room });
  const fill = () => {
    const incident = selectedIncident(state);
    if (incident === null) return;
    state = reduce(state, { type: 'detail-loaded', detail: detail(incident) });
    state = reduce(state, { type: 'use-loaded', use: usageOf(incident) });
  };
  fill();
  for (const name of pressed) {
    const event: TriageEvent = { type: 'key', key: { name, text: name.length === 1 ? name : '' }, room };
    state = reduce(state, event);
    if (state.mode.kind === 'form' && state.mode.card === null)
      state = reduce(state, { type: 'card-loaded', card: [] });
    fill();
  }
  return frameOf(createElement(TriageScreen, { state, port: { ...port, readOnly } }), size);
}

const everySize: readonly (readonly [columns: number, rows: number])[] = [
  [80, 24],
  [200, 50],
  [60, 15],
  [119, 24],
  [120, 30],
];

describe.each(everySize)('the board at %i x %i', (columns, rows) => {
  const size = { columns, rows };

  it('fills the screen exactly and overflows it nowhere', () => {
    const lines = frame({ size });
    expect(lines).toHaveLength(rows);
    expect(Math.max(...lines.map((text) => width(clean(text))))).toBeLessThanOrEqual(columns);
  });

  it('tells where it is, as of when, and the keys; the worst incident first and selected', () => {
    const lines = frame({ size });
    expect(lines[0]).toMatch(/^ TRIAGE {2}db\.prod.* as of 03:12:09Z$/);
    expect(lines[2]).toMatch(/^›▲ INC-42 +critical/);
    expect(lines.at(-1)).toContain('? help');
  });

  it.each([['?'], ['t'], ['r'], ['n'], ['l'], ['/'], ['tab']])('keeps to the screen after %s', (pressed) => {
    const lines = frame({ size, pressed: [pressed] });
    expect(lines).toHaveLength(rows);
    expect(Math.max(...lines.map((text) => width(clean(text))))).toBeLessThanOrEqual(columns);
  });
});

describe('at 80 x 24', () => {
  it('shows clocks with time left or over, who leads, a sign for each key, and what is none yet', () => {
    const lines = frame();
    expect(lines[2]).toMatch(/^›▲ INC-42 +critical key in public repo acme… contain −04:12 +jdoe +●✗✗$/);
    expect(lines[3]).toMatch(/^ ● INC-41 +high +bulk export by sales_bob ack 1:40 +– +●$/);
    expect(lines[4]).toMatch(/^ ◆ INC-38 +medium +departure of m.example +recover 2 d +kim +✗✗✗✗$/);
    expect(lines[5]).toMatch(/^ ● not yet an incident: sales_bob v1 {2}risk 74 {2}found 14 m ago/);
  });

  it('says in words what is over, how the keys stand, what was tried, who did what, and what comes next', () => {
    const text = frame().join('\n');
    expect(text).toContain('─ INC-42  key in public repo acme/app · leak · opened 02:41 by jdoe');
    expect(text).toContain('✓ acknowledged 02:43');
    expect(text).toContain('▲ contained: 4:12 over (target 03:07)');
    expect(text).toContain('key_7Q2mK9xZab3d  ✓ active    118 req/min from 3 addresses, 1 new');
    expect(text).toContain('key_0aB3kkTeM1nP  ✗ revoked   dead since 02:44 · 12 refused since');
    expect(text).toContain('key_Zx81pQr0Lk2v  ✗ replaced  dead since 02:44 · quiet for 28 m');
    expect(text).toContain('██  2,680 requests');
    expect(text).toContain('03:07 ✗ refused 12 requests with key_0aB3kkTeM1nP from 198.51.100.17');
    expect(text).toContain('02:44 jdoe revoked key_0aB3kkTeM1nP: leaked in acme/app commit 7a3f21');
    expect(text).toContain('next   contain: revoke (r) or suspend (s) key_7Q2mK9xZab3d');
    expect(text).toContain('step 2 of 2: contain (enter): revokes or suspends the linked keys');
  });

  it('shouts what must not be missed: let in after its death, opened again', () => {
    const again = incidentOf({ reopenedAt: now - 60_000 });
    const text = frame({
      picture: pictureOf([again]),
      detail: (incident) =>
        detailOf(incident, {
          keys: [keyOf({ status: 'revoked', isUsable: false, deadSince: now - 90_000, accepted: 3 })],
          attempts: [
            { keyId: 'key_7Q2mK9xZab3d', ip: '', accepted: true, requests: 3, lastAt: now - 60_000 },
          ],
        }),
    }).join('\n');
    expect(text).toContain('▲ REOPENED 03:11');
    expect(text).toMatch(/›▲ INC-42 +critical REOPENED key in/);
    expect(text).toContain('▲ 3 LET IN since');
    expect(text).toContain('▲ LET IN 3 requests with key_7Q2mK9xZab3d from an unknown address');
  });

  it('says READ ONLY, and offers no change', () => {
    const lines = frame({ readOnly: true });
    expect(lines[0]).toContain('READ ONLY');
    expect(lines.at(-1)).not.toMatch(/revoke|ack|walkthrough/);
    expect(frame({ readOnly: true, pressed: ['r'] }).at(-2)).toContain('this screen is read only');
    expect(frame({ readOnly: true, pressed: ['?'] }).join('\n')).not.toContain('revoke');
  });

  it('shows of a finding why it should be an incident, and offers only what can be done with it', () => {
    const lines = frame({ pressed: ['G'] });
    expect(lines.join('\n')).toContain('+74 content   02:58 488 exports in ten minutes');
    expect(lines.at(-1)).toMatch(/^ i make it an incident/);
    expect(lines.at(-1)).not.toContain('revoke');
  });

  it('asks what `keyctl revoke` asks, and shows the command line that does the same, in the incident', () => {
    const text = frame({ pressed: ['r', ...'leaked twice'] }).join('\n');
    expect(text).toContain('Reason (kept in the audit log):');
    expect(text.replace(/\s+/g, ' ')).toContain(
      "keyctl revoke key_7Q2mK9xZab3d --reason 'leaked twice' --incident INC-42",
    );
  });

  it('shows no token that was pasted into a question', () => {
    const { token } = mintToken('kc', (size) => randomBytes(size));
    const secret = token.reveal().slice(-20);
    for (const pressed of ['n', 'k'])
      expect(frame({ pressed: [pressed, ...token.reveal()] }).join('')).not.toContain(secret);
  });

  it('says so when there is nothing', () => {
    expect(frame({ picture: pictureOf([], []) }).join('\n')).toContain('✓ no incident is open');
    expect(frame({ pressed: ['/', 'x', 'x', 'x'] }).join('\n')).toContain('nothing fits the filter xxx');
  });

  it('without UTF-8 nothing but ASCII is drawn', () => {
    const style = styleFor({ colorLevel: 0, unicode: false });
    for (const pressed of [[], ['?'], ['t'], ['r'], ['tab'], ['G']])
      expect(frame({ pressed, size: { style } }).join('\n')).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it('of a thousand incidents only the rows of the window are drawn, and the rest is counted', () => {
    const many = Array.from({ length: 1000 }, (_, at) => incidentOf({ id: `INC-${at + 1}` }));
    const lines = frame({ picture: pictureOf(many) });
    expect(lines.filter((text) => /INC-\d+ +critical/.test(text))).toHaveLength(6);
    expect(lines.join('\n')).toContain('995 more below');
  });
});

describe('from 120 columns', () => {
  it('the detail stands at the right, with the whole walkthrough', () => {
    const lines = frame({ size: { columns: 200, rows: 50 } });
    expect(lines[1]).toMatch(/INC.*│ ─ INC-42/);
    expect(lines.join('\n')).toContain('✓ identify  by jdoe');
  });

  it('a list of its own width says over, and what was tried', () => {
    const lines = frame({ size: { columns: 119, rows: 24 } });
    expect(lines[2]).toContain('contain −04:12 over');
    expect(lines[2]).toContain('12 5 m ago');
  });
});

it('below 60 x 15 a sentence asks for more room', () => {
  expect(frame({ size: { columns: 59, rows: 24 } }).join(' ')).toContain('needs 60 columns and 15 rows');
});

describe('text from outside', () => {
  it.each(hostile)('%s: is shown, not obeyed', (_trick, text) => {
    const picture = pictureOf(
      [incidentOf({ title: text, lead: text, openedBy: text }), bulk, departure],
      [findingOf(0.9, { name: text, owner: text })],
    );
    const detail: typeof detailOf = (incident) =>
      detailOf(incident, {
        keys: [keyOf({ name: text })],
        attempts: [{ keyId: 'key_7Q2mK9xZab3d', ip: text, accepted: false, requests: 3, lastAt: now }],
        events: [{ seq: 1, at: now, by: text, what: text, keyId: null, reason: text, isLoud: true }],
        links: [{ url: `https://example.com/${text}`, title: text }],
        playbook: {
          ...{ name: text, begun: true },
          steps: [{ name: text, state: 'running', by: text, does: text }],
        },
        blockers: [text],
      });
    for (const pressed of [[], ['t'], ['r'], ['l'], ['n'], ['/'], ['G']]) {
      for (const isScreenReader of [false, true]) {
        const lines = frame({ picture, detail, pressed, size: { isScreenReader } });
        expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u);
        if (!isScreenReader)
          expect(Math.max(...lines.map((each) => width(clean(each))))).toBeLessThanOrEqual(80);
      }
    }
  });
});

describe('read aloud', () => {
  const aloud = (pressed: readonly string[] = []) =>
    frame({ pressed, size: { isScreenReader: true, columns: 300 } }).join('\n');

  it('is sentences about one incident, without columns, bars and signs', () => {
    const text = aloud();
    expect(text).toContain(
      '1 of 4: INC-42, critical, acknowledged: key in public repo acme/app. contain is over by 4 m 12 s, led by jdoe, 1 key usable, 2 dead.',
    );
    expect(text).toContain('Key key_0aB3kkTeM1nP, ci, revoked, dead for 28 m, 12 requests refused since.');
    expect(text).toContain('Refused: 12 requests with key_0aB3kkTeM1nP from 198.51.100.17, last 5 m ago.');
    expect(text).toContain('Next: contain: revoke (r) or suspend (s) key_7Q2mK9xZab3d.');
    expect(text).not.toMatch(/[▁-█░│]/);
  });

  it('tells what is selected, and which key is chosen', () => {
    expect(aloud(['tab'])).toContain('Chosen: key_7Q2mK9xZab3d');
    expect(aloud(['G'])).toContain('4 of 4: not yet an incident: sales_bob v1, risk 74');
  });
});
