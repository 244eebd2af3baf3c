import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { paragraph, type ReportDocument, table } from '../../../src/render/report/document.js';
import { htmlReport } from '../../../src/render/report/html-report.js';
import { reportStyle, styleHash } from '../../../src/render/report/html-style.js';
import { escapeHtml } from '../../../src/render/report/html-text.js';
import { markdownReport } from '../../../src/render/report/markdown-report.js';
import { codeMarkdown, escapeMarkdown } from '../../../src/render/report/markdown-text.js';
import { hostile } from '../hostile.js';

const attacks = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onload='alert(1)",
  '</title><script>x</script>',
  '</style><script>x</script>',
  '-->',
  '&lt;script&gt;',
  '`x`',
  '[click](javascript:alert(1))',
  '![x](http://evil.example/x.png)',
  '<http://evil.example>',
  'http://evil.example www.evil.example support@evil.example',
  '| a | b |',
  'a\n\n# heading\n- item',
  '***bold*** __bold__ ~~gone~~ $x$',
  '\\',
  '&copy;',
];

/** The same text in every place that a document has. */
function filled(text: string): ReportDocument {
  return {
    title: text,
    about: [text],
    sections: [
      {
        title: text,
        parts: [
          paragraph(text),
          table([text, `>${text}`], [[text, { command: text }]]),
          table([text], [[{ verdict: 'critical', text }]]),
          {
            kind: 'plot',
            title: text,
            labels: [text],
            series: [
              { name: text, tone: 'ok', values: [1] },
              { name: text, tone: 'critical', values: [2] },
            ],
            marks: [{ at: 0, text }],
          },
          {
            kind: 'rows',
            title: text,
            labels: [text],
            texts: [text],
            series: [{ name: text, tone: 'ok', values: [1] }],
            limit: { value: 2, text },
          },
        ],
      },
    ],
  };
}

/** Element and attribute names in order, and nothing of their texts. */
const skeleton = (text: string) =>
  Array.from(text.matchAll(/<[^>]*>/g), ([tag]) => tag.replace(/="[^"]*"/g, '=""')).join('');

describe('HTML of a report', () => {
  const plain = skeleton(htmlReport(filled('x')));

  it.each([...attacks, ...hostile.map(([, text]) => text)])(
    'is not changed in its elements by %j',
    (text) => {
      const page = htmlReport(filled(text));
      expect(skeleton(page)).toBe(plain);
      expect(page).not.toMatch(
        /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/,
      );
    },
  );

  it('loads nothing and obeys one style sheet: by its hash', () => {
    const page = htmlReport(filled('x'));
    const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    expect(policy).toBe(`default-src 'none'; style-src '${styleHash}'; base-uri 'none'; form-action 'none'`);
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? [];
    expect(styleHash).toBe(`sha256-${createHash('sha256').update(style).digest('base64')}`);
    expect(style).toBe(reportStyle);
    expect(page).not.toMatch(/<script|\sstyle=|\son\w+=|\b(src|href)=|@import|url\(/i);
  });

  it('escapes what would end an attribute or a text', () => {
    expect(escapeHtml(`<a b="c" d='e'>&\``)).toBe('&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;&#96;');
  });
});

describe('Markdown of a report', () => {
  const plain = markdownReport(filled('x')).split('\n').length;

  it.each([...attacks, ...hostile.map(([, text]) => text)])('gets no line and no cell by %j', (text) => {
    const page = markdownReport(filled(text));
    expect(page.split('\n')).toHaveLength(plain);
    const row = page.split('\n').find((each) => each.startsWith('| --- | ---: |')) ?? '';
    const cells = page.split('\n')[page.split('\n').indexOf(row) + 1] ?? '';
    expect(cells.match(/(?<!\\)\|/g)).toHaveLength(3);
  });

  it.each([
    ['<b>', '\\<b\\>'],
    ['[a](b)', '\\[a\\](b)'],
    ['![a](b)', '!\\[a\\](b)'],
    ['`code`', '\\`code\\`'],
    ['a|b', 'a\\|b'],
    ['*x* _x_ ~x~', '\\*x\\* \\_x\\_ \\~x\\~'],
    ['fie_alice_7Q2m', 'fie_alice_7Q2m'],
    ['a\\', 'a\\\\'],
    ['http://evil.example', 'http\\://evil.example'],
    ['www.evil.example', 'www\\.evil.example'],
    ['a@b.example', 'a\\@b.example'],
    ['&copy;', '\\&copy;'],
  ])('writes %j as %j', (text, written) => {
    expect(escapeMarkdown(text)).toBe(written);
  });

  it('keeps a command in its code and its cell', () => {
    expect(codeMarkdown('a `b` | c')).toBe("`a 'b' \\| c`");
  });
});
