import type { BundleForms } from '../../actions/incidents/bundle-parts.js';
import type { ExportedEntry } from '../../db/reads/export-rows.js';
import { usageColumns } from '../../domain/export-columns.js';
import { entryRecord } from '../export/entry-record.js';
import { fieldsNdjson } from '../export/fields-ndjson.js';
import { textBytes } from '../export/text-bytes.js';
import { findingRecord } from '../finding-record.js';
import { jsonText, ndjsonLine } from '../json-text.js';
import { keyRecord } from '../key-record.js';
import { bundleReadme } from './bundle-readme.js';
import { incidentCard } from './incident-card.js';
import { incidentKeyRecord } from './incident-record.js';
import { incidentHtml, incidentMarkdown } from './incident-report.js';
import { timeline } from './timeline.js';

/** What the parts of a bundle look like: the same records as the commands print, one a line. */
export const bundleForms: BundleForms = {
  readme: bundleReadme,
  markdown: (report) => `${incidentMarkdown(report)}\n`,
  html: (report) => `${incidentHtml(report)}\n`,
  incident: (report) => `${jsonText(incidentCard.json(report), 2)}\n`,
  timeline(entries) {
    const { json } = timeline({ incidentId: '', title: '' });
    return entries.map((entry) => ndjsonLine(json(entry))).join('');
  },
  key: (row, linked) => ndjsonLine({ ...keyRecord(row), ...incidentKeyRecord(linked) }),
  finding: (finding) => ndjsonLine(findingRecord(finding)),
  audit() {
    const bytesOf = textBytes((entry: ExportedEntry) => ndjsonLine(entryRecord(entry)));
    return { heading: '', encode: (entries) => ({ bytes: bytesOf(entries), rows: entries.length }) };
  },
  usage: () => fieldsNdjson(usageColumns),
};
