import type { IncidentReport } from '../../actions/incidents/report-incident.js';
import type { Renderer } from '../renderer.js';
import type { ReportDocument } from '../report/document.js';
import { minute } from '../report/figures.js';
import { htmlReport } from '../report/html-report.js';
import type { HtmlText } from '../report/html-text.js';
import { markdownReport } from '../report/markdown-report.js';
import type { MarkdownText } from '../report/markdown-text.js';
import type { Safe } from '../terminal-text.js';
import { incidentReportJson } from './report-json.js';
import { clockSection } from './report-phases.js';
import {
  attemptSection,
  findingSection,
  keySection,
  timelineSection,
  workSections,
} from './report-sections.js';
import { gapSection, summarySection } from './report-summary.js';
import { usageSection } from './report-usage.js';

/** `incidents report` as Markdown, and as JSON. */
export const incidentReportText: Renderer<IncidentReport> = {
  text: (report) => shown(incidentMarkdown(report)),
  json: incidentReportJson,
};

/** `incidents report --format html`. */
export const incidentReportHtml: Renderer<IncidentReport> = {
  text: (report) => shown(incidentHtml(report)),
  json: incidentReportJson,
};

export function incidentMarkdown(report: IncidentReport): MarkdownText {
  return markdownReport(documentOf(report));
}

export function incidentHtml(report: IncidentReport): HtmlText {
  return htmlReport(documentOf(report));
}

/** Both escape by way of `clean`, so a terminal only shows them too. */
function shown(text: MarkdownText | HtmlText): Safe {
  return text satisfies string as string as Safe;
}

function documentOf(report: IncidentReport): ReportDocument {
  const { row, where } = report;
  return {
    title: `${row.incident_id}: ${row.title}`,
    about: [
      `${row.severity} ${row.type}, ${row.state}; detected ${minute(row.detected_at)}, as of ${minute(row.read_at)}`,
      where,
    ],
    sections: [
      summarySection(report),
      gapSection(report),
      clockSection(report),
      usageSection(report),
      keySection(report),
      attemptSection(report),
      findingSection(report),
      timelineSection(report),
      ...workSections(report),
    ],
  };
}
