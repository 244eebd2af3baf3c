import type { Report } from '../../actions/report/make-report.js';
import type { Renderer } from '../renderer.js';
import type { Safe } from '../terminal-text.js';
import { paragraph, type ReportDocument, type Section, table } from './document.js';
import { evidenceOf } from './evidence.js';
import { minute } from './figures.js';
import { htmlReport } from './html-report.js';
import type { HtmlText } from './html-text.js';
import { incidentSection } from './incident-section.js';
import { changeSection, keySection, revocationSection, rotationSection } from './key-sections.js';
import { markdownReport } from './markdown-report.js';
import type { MarkdownText } from './markdown-text.js';
import { reportJson } from './report-json.js';
import { budgetSection, requestSection, thresholdSection } from './usage-sections.js';

/** `audit report` as Markdown, and as JSON. */
export const reportText: Renderer<Report> = {
  text: (report) => shown(markdownReport(reportDocument(report))),
  json: reportJson,
};

/** `audit report --format html`. */
export const reportHtml: Renderer<Report> = {
  text: (report) => shown(htmlReport(reportDocument(report))),
  json: reportJson,
};

/** Both escape by way of `clean`, so a terminal only shows them too. */
function shown(text: MarkdownText | HtmlText): Safe {
  return text satisfies string as string as Safe;
}

const titles: Readonly<Record<Report['kind'], string>> = {
  daily: 'API keys: the last day',
  weekly: 'API keys: the last week',
  monthly: 'API keys: the last month',
  compliance: 'API keys: evidence for an audit',
};

function reportDocument(report: Report): ReportDocument {
  const { kind, window, where, madeAt } = report;
  return {
    title: titles[kind],
    about: [`${minute(window.since)} to ${minute(window.until)}, made ${minute(madeAt)}`, where],
    sections: [
      thresholdSection(report),
      ...(kind === 'compliance' ? [evidenceSection(report)] : []),
      requestSection(report),
      budgetSection(report),
      keySection(report),
      rotationSection(report),
      revocationSection(report),
      incidentSection(report),
      changeSection(report),
    ],
  };
}

function evidenceSection(report: Report): Section {
  const { window } = report;
  const rows = evidenceOf(report).map(({ framework, control, topic, figure, source }) => [
    `${framework} ${control}`,
    topic,
    figure,
    { command: source },
  ]);
  return {
    title: 'Evidence by control',
    parts: [
      paragraph(
        'Figures and the commands that give them again. Whether a control is met is for whoever assesses it, and more than keys ' +
          'belongs to each. What is about keys is true now; commands that read the log or usage take this window: ' +
          `--since ${window.since} --until ${window.until}.`,
      ),
      table(['Control', 'Asks about', 'Figure', 'Where from'], rows),
    ],
  };
}
