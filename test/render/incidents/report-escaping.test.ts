import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IncidentReport, reportIncident } from '../../../src/actions/incidents/report-incident.js';
import { bundleForms } from '../../../src/render/incidents/bundle-forms.js';
import { contextOn } from '../../support/context.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { seedEvidence } from '../../support/seed-evidence.js';
import { payloads } from '../export/payloads.js';
import { hostile } from '../hostile.js';

/** What somebody would put into a title, a note or a user agent so that a report says more than happened. */
const attacks: readonly (readonly [trick: string, text: string])[] = [
  ['HTML: a script', '<script>alert(1)</script>'],
  ['HTML: out of an attribute', '"><img src=x onerror=alert(1)>'],
  ['HTML: out of the title', '</title><script>x</script>'],
  ['HTML: out of the style', '</style><script>x</script>'],
  ['HTML: out of a picture', '</text></svg><script>x</script><svg><text>'],
  ['HTML: a row of its own', '</td></tr><tr><td>✓ met</td><td>contain</td></tr>'],
  ['HTML: a policy of its own', '<meta http-equiv="Content-Security-Policy" content="">'],
  ['HTML: a link', '<a href="javascript:alert(1)">x</a>'],
  ['Markdown: a row of its own', 'x |\n| ✓ met | contain | 5 m | 1 s |'],
  ['Markdown: a heading', 'x\n\n## What is missing\n\nNothing that keyctl asks for.'],
  ['Markdown: a picture', '![x](https://evil.example/x.png)'],
  ['Markdown: a link', '[x](javascript:alert(1))'],
  ['Markdown: code', '`x` ```'],
  ['Markdown: HTML', '<img src=https://evil.example/x.png>'],
  ...payloads,
  ...hostile,
];

const mark = 'MARKED';
let database: TestDatabase;
let report: IncidentReport;

beforeAll(async () => {
  database = await freshDatabase();
  const { incidentId } = await seedEvidence(await database.connect(), mark);
  const ctx = await contextOn(database, { role: 'test_viewer' });
  report = await reportIncident(ctx, incidentId, { since: null, until: null });
  await ctx.db.close();
});
afterAll(() => database.drop());

/** The same report with another text wherever the mark stands. */
function saying(text: string): IncidentReport {
  // A line of what people found is a row of its own, on purpose.
  const row = { ...report.row, root_cause: mark, lessons: mark };
  const parsed = JSON.parse(JSON.stringify({ ...report, row }), (_name, value: unknown) =>
    typeof value === 'string' ? value.replaceAll(mark, () => text) : value,
  );
  return {
    ...parsed,
    row: { ...parsed.row, root_cause: text.replaceAll('\n', ' '), lessons: text.replaceAll('\n', ' ') },
  };
}

/** Element and attribute names in order, and nothing of their texts or figures. */
const elements = (page: string) =>
  Array.from(page.matchAll(/<[^>]*>/g), ([tag]) => tag.replace(/="[^"]*"/g, '=""')).join('');
/** How many cells each line has, and how many lines there are. */
const cells = (page: string) => page.split('\n').map((line) => line.match(/(?<!\\)\|/g)?.length ?? 0);
const hidden =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])/;

describe('an incident that says hostile things everywhere', () => {
  it('says them in many places of a report', () => {
    for (const page of [bundleForms.html(report), bundleForms.markdown(report)])
      expect(page.split(mark).length).toBeGreaterThan(15);
  });

  it.each(attacks.filter(([, text]) => text.trim() !== ''))(
    '%s: adds nothing to the HTML',
    (_trick, text) => {
      const page = bundleForms.html(saying(text));
      expect(elements(page)).toBe(elements(bundleForms.html(saying('x'))));
      expect(page).not.toMatch(hidden);
    },
  );

  it.each(attacks.filter(([, text]) => text.trim() !== ''))(
    '%s: adds nothing to the Markdown',
    (_trick, text) => {
      const page = bundleForms.markdown(saying(text));
      expect(cells(page)).toEqual(cells(bundleForms.markdown(saying('x'))));
      expect(page).not.toMatch(hidden);
    },
  );

  it.each(attacks)('%s: stays in its row and its value', (_trick, text) => {
    const { timeline, findings, row, keys, detail } = saying(text);
    const lines = [
      bundleForms.timeline([...timeline.first, ...timeline.last]),
      findings.map(bundleForms.finding).join(''),
      keys.map((key, at) => bundleForms.key(key, detail.keys[at] as (typeof detail.keys)[number])).join(''),
    ].map((part) => part.trimEnd().split('\n'));
    expect(lines.map((part) => part.length)).toEqual([timeline.first.length, 1, 2]);
    for (const line of lines.flat()) {
      expect(line).not.toMatch(hidden);
      JSON.parse(line);
    }
    const [, [finding = ''] = []] = lines;
    expect(JSON.parse(finding).evidence.summary).toBe(text);
    expect(bundleForms.readme(saying(text), { vkey: null }).split('\n')).toHaveLength(
      bundleForms.readme(report, { vkey: null }).split('\n').length,
    );
    expect(JSON.parse(bundleForms.incident(saying(text))).title).toBe(row.title);
  });
});
