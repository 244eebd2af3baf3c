import type { BlastRadius } from '../actions/blast-radius.js';
import type { Counted, UsageWindow } from '../db/reads/blast-radius.js';
import type { KeyRow } from '../db/reads/keys.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { parseUserAgent } from '../domain/user-agent.js';
import { fit } from './layout.js';
import { counted, grouped } from './numbers.js';
import type { View } from './renderer.js';
import { clean, joinLines, joinWith, line, type Safe } from './terminal-text.js';

const mostNamed = 3;
const longestEndpoint = 40;

/** How much it is used, from where, and whether anything of that is new. */
export function inUseText({ row, use }: BlastRadius, view: View): Safe {
  if (use === null) return line`not known in time`;
  const { hour, day, newIps, eventsAsOf } = use;
  const { lastUsedAt } = row.key;
  const last =
    lastUsedAt === null
      ? line`never seen in use`
      : line`last ${clean(ago(new Date(isoTime(lastUsedAt)), view.now))}`;
  if (day.requests === 0) {
    const asOf =
      eventsAsOf === null
        ? line`no usage was ever brought in`
        : line`log as of ${clean(ago(new Date(eventsAsOf), view.now))}`;
    return line`no request in 24 h, ${last} (${asOf})`;
  }
  // Where nothing is older than the hour, every address is new, and that says nothing.
  const isNews = newIps > 0 && day.requests > hour.requests;
  const news = isNews ? view.style.warning(line` (${newIps} new)`) : line``;
  const inHour =
    hour.requests === 0
      ? line`none in the last hour`
      : line`${amount(hour, 'hour')}, ${counted(hour.distinctIps, 'address')}${news}`;
  const inDay = line`${counted(day.requests, 'request')} from ${counted(day.distinctIps, 'address')} in 24 h`;
  return joinLines([line`${inHour}, ${last}`, line`${inDay}${refusals(day, view)}`]);
}

/** What would fail; null when nothing is known to be used. */
export function breaksText({ use }: BlastRadius, view: View): Safe | null {
  if (use === null || use.day.requests === 0) return null;
  const inHour = use.hour.requests > 0;
  const window = inHour ? use.hour : use.day;
  if (window.accepted === 0) return line`nothing: no request was accepted`;
  const often = inHour && window.requests >= 60;
  const endpoints = window.endpoints.slice(0, mostNamed).map(({ value, requests }) => {
    const name = clean(value === '' ? '(no endpoint)' : value);
    const endpoint = fit(name, longestEndpoint, view.style.glyph.ellipsis);
    return line`${endpoint} ${often ? line`${perMinute(requests)}/min` : line`${grouped(requests)}x`}`;
  });
  const agents = products(window.agents).slice(0, mostNamed).map(clean);
  const dot = line` ${view.style.glyph.dot} `;
  const what = line`${joinWith(dot, endpoints)}${inHour ? line`` : line` in 24 h`}`;
  return agents.length === 0 ? what : line`${what}${dot}agents ${joinWith(line`, `, agents)}`;
}

/** Who else of its family still works when it is gone, and who takes over. */
export function familyText({ row, use, family }: BlastRadius, view: View): Safe {
  const successor = family.find((other) => other.key.id === row.key.replacedBy);
  const heir =
    successor === undefined ? line`nothing replaces it yet` : line`replaced by ${member(successor)}`;
  if (family.length === 0) return use === null ? line`not known in time` : line`no other key; ${heir}`;
  const usable = family.filter((other) => ['active', 'retiring'].includes(other.key.status));
  const others = usable.filter((other) => other !== successor);
  const known = counted(family.length, 'other key');
  if (usable.length === 0) return line`${known}, none usable; ${heir}`;
  const still =
    others.length === 0
      ? line``
      : view.style.warning(line`; STILL USABLE: ${joinWith(line`, `, others.map(member))}`);
  return line`${known}; ${heir}${still}`;
}

function member({ key }: KeyRow): Safe {
  const until = key.status === 'retiring' && key.usableUntil !== null ? isoTime(key.usableUntil) : null;
  const end = until === null ? line`` : line` until ${clean(until.replace(/\.\d+Z$/, 'Z'))}`;
  return line`${clean(key.id)} v${key.version} ${clean(key.status)}${end}`;
}

/** `118 requests/min`; below one a minute the number itself says more. */
function amount({ requests }: UsageWindow, span: string): Safe {
  return requests >= 60
    ? line`${perMinute(requests)} requests/min`
    : line`${counted(requests, 'request')} in the last ${clean(span)}`;
}

function refusals({ requests, accepted }: UsageWindow, view: View): Safe {
  const refused = requests - accepted;
  return refused === 0 ? line`` : view.style.notice(line`, ${grouped(refused)} refused`);
}

/** Requests of an hour as a rate. */
export function perMinute(requests: number): Safe {
  const each = requests / 60;
  return each >= 10 ? grouped(Math.round(each)) : clean(String(Math.round(each * 10) / 10));
}

/** Whole agent texts folded into product and version, most used first. */
function products(agents: readonly Counted[]): string[] {
  const counts = new Map<string, number>();
  for (const { value, requests } of agents) {
    const agent = parseUserAgent(value);
    const product = agent === null ? '(none)' : [agent.product, agent.version ?? []].flat().join('/');
    counts.set(product, (counts.get(product) ?? 0) + requests);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([product]) => product);
}
