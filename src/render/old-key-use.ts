import type { OldKeyUse, OldKeyUses } from '../db/reads/old-key-use.js';
import { ago } from '../domain/instant.js';
import { parseUserAgent } from '../domain/user-agent.js';
import { counted, grouped } from './numbers.js';
import type { View } from './renderer.js';
import { type Column, tableText } from './table.js';
import { clean, line, type Safe } from './terminal-text.js';

/** More lines than these are not read on a terminal; a pipe and JSON get all that were read. */
const readable = 10;

const columns: readonly Column<OldKeyUse>[] = [
  { heading: line`  FROM`, cell: ({ ip }) => line`  ${clean(ip ?? '(no address)')}`, shrinks: true },
  { heading: line`AGENT`, cell: ({ userAgent }) => clean(userAgent ?? '(none)'), shrinks: true },
  { heading: line`ENDPOINT`, cell: ({ endpoint }) => clean(endpoint ?? '(none)'), shrinks: true },
  { heading: line`REQUESTS`, cell: ({ requests }) => grouped(requests), align: 'right' },
  { heading: line`LAST SEEN`, cell: ({ lastAt }, view) => clean(ago(new Date(lastAt), view.now)) },
];

/** Who presents an old key: by address, agent and endpoint, seen last first. Nothing for nobody. */
export function oldKeyUseTable({ groups, groupCount }: OldKeyUses, view: View): Safe[] {
  if (groups.length === 0) return [];
  const shown = view.unbounded === true ? groups : groups.slice(0, readable);
  const more = groupCount - shown.length;
  return [
    tableText(columns, shown, view),
    ...(more > 0 ? [view.style.muted(line`  and ${counted(more, 'other source')}`)] : []),
  ];
}

/** `192.0.2.7 billing-worker/2.3 on /v1/runs`. */
export function sourceText({ ip, userAgent, endpoint }: OldKeyUse): Safe {
  const agent = parseUserAgent(userAgent);
  const product = agent === null ? [] : [[agent.product, agent.version ?? []].flat().join('/')];
  const where = endpoint === null ? [] : [`on ${endpoint}`];
  return clean([ip ?? 'an address unknown', ...product, ...where].join(' '));
}
