import type { IncidentNews } from '../../db/incident-news.js';
import { counted, grouped } from '../numbers.js';
import { programName } from '../program-name.js';
import type { Json } from '../renderer.js';
import type { Style } from '../style.js';
import { clean, joinWith, line, type Safe } from '../terminal-text.js';

/** What somebody has to hear of after events came in; loud where a dead key was let in. */
export function newsLines({ reopened, attempts }: IncidentNews, style: Style, demo: boolean): Safe[] {
  return [
    ...reopened.flatMap((each) => [
      style.danger(
        line`${style.sign.danger} ${clean(each.incident_id)} IS OPEN AGAIN: dead key ${clean(each.key_id)} (${clean(each.name ?? '')}) was let in, ${counted(each.requests, 'request')} from ${addresses(each.ips)}`,
      ),
      line`  next  ${programName(demo)} incidents show ${clean(each.incident_id)}`,
    ]),
    ...attempts.map((each) => {
      const what = line`${clean(each.incident_id)}: dead key ${clean(each.key_id)} used from ${counted(each.new_ips, 'new address')}: ${addresses(each.ips)}`;
      return each.accepted > 0
        ? style.danger(line`${style.sign.danger} ${what}, ${grouped(each.accepted)} LET IN`)
        : style.warning(line`${style.sign.warning} ${what}, ${grouped(each.refused)} refused`);
    }),
  ];
}

/** The incidents that it is about; what happened stands in their timelines. */
export function newsRecord({ reopened, attempts }: IncidentNews): Record<string, Json> {
  const idsOf = (all: readonly { readonly incident_id: string }[]) => [
    ...new Set(all.map((each) => each.incident_id)),
  ];
  return { incidents_reopened: idsOf(reopened), incidents_attempted: idsOf(attempts) };
}

function addresses(ips: readonly string[]): Safe {
  const shown = ips.slice(0, 5).map((ip) => (ip === '' ? line`an unknown address` : clean(ip)));
  return joinWith(line`, `, ips.length > 5 ? [...shown, line`…`] : shown);
}
