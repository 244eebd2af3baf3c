import type { IncidentNews } from '../db/incident-news.js';
import { newsLines } from '../render/incidents/incident-news.js';
import type { Runtime } from '../runtime/runtime.js';

/** Says on stderr, also with --quiet, which incidents are open again, and who tried their dead keys. */
export function tellIncidents(rt: Runtime, news: IncidentNews): void {
  for (const each of newsLines(news, rt.style('stderr'), rt.flags.demo)) rt.warn(each);
}
