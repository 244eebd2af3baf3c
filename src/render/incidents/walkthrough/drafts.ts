import type { Draft } from '../../../actions/incidents/walkthrough/notify.js';
import type { Walkthrough } from '../../../actions/incidents/walkthrough/walkthrough.js';
import { isoTime } from '../../../domain/stored-time.js';
import { clean, joinLines, line, type Safe } from '../../terminal-text.js';

/** Who can be told: the addresses of the keys' owners, and of security and others as they were given. */
export interface Recipients {
  readonly owners: readonly string[];
  readonly security: readonly string[];
  readonly affected: readonly string[];
}

/** The texts for everybody who has to know, filled from facts; what is not known is marked. */
export function drafts(walk: Walkthrough, to: Recipients): readonly Draft[] {
  return [
    draft('owner', walk, to.owners, ownerLines(walk)),
    draft('security', walk, to.security, securityLines(walk)),
    draft('affected', walk, to.affected, affectedLines(walk)),
  ];
}

/** A draft as a person reads it before it is sent. */
export function draftText({ audience, subject, text, to }: Draft): Safe {
  const whom = to.length === 0 ? line`(nobody is known: fill in)` : clean(to.join(', '));
  return joinLines([
    line`${clean(audience)}  to ${whom}`,
    line`  ${clean(subject)}`,
    ...text.split('\n').map((each) => line`  ${clean(each)}`),
  ]);
}

function draft(audience: Draft['audience'], walk: Walkthrough, to: readonly string[], text: Safe[]): Draft {
  const { incident_id: id, severity } = walk.row;
  const subjects = {
    owner: `${id}: your API key was stopped`,
    security: `${id} (${severity}): ${clean(walk.row.title)}`,
    affected: `${id}: a change of an API key`,
  };
  return { audience, to, subject: subjects[audience], text: `${joinLines(text)}\n` };
}

function keyLines({ detail }: Walkthrough): Safe[] {
  return detail.keys.map(({ key_id, name, status, dead_since: since }) => {
    const dead = since === null ? line`` : line`, refused since ${time(since)}`;
    return line`- ${clean(key_id)} (${clean(name)}): ${clean(status)}${dead}`;
  });
}

function ownerLines(walk: Walkthrough): Safe[] {
  const replaced = walk.detail.keys.flatMap(({ key_id, successor_id: id }) =>
    id === null
      ? []
      : [
          line`- ${clean(id)} replaces ${clean(key_id)}; it was delivered, or will be, apart from this message`,
        ],
  );
  return [
    line`These API keys of yours were stopped (${clean(walk.row.incident_id)}: ${clean(walk.row.title)}):`,
    ...keyLines(walk),
    line``,
    ...(replaced.length === 0 ? [line`Nothing replaces them yet.`] : replaced),
    line``,
    line`Please change over what uses them, and do not try the old ones again: each attempt is noted.`,
    line`Please tell us where the key was kept, and who else had it.`,
  ];
}

function securityLines(walk: Walkthrough): Safe[] {
  const { row } = walk;
  const radius = walk.steps.find(({ step, state }) => step.kind === 'blast-radius' && state === 'done')
    ?.record?.result;
  const used =
    radius === undefined
      ? line`What was done with the keys is not known yet.`
      : line`Requests since the leak: ${number(radius.requests)}, refused ${number(radius.refused)}, new addresses ${number(radius.new_ip_count)}, bytes out ${number(radius.bytes)}.`;
  const contained = row.contained_at === null ? line`not yet` : time(row.contained_at);
  return [
    line`${clean(row.incident_id)}: ${clean(row.title)}`,
    line`Type ${clean(row.type)}, severity ${clean(row.severity)}, led by ${clean(row.lead ?? 'nobody yet')}.`,
    line`Detected ${time(row.detected_at)}, contained ${contained}.`,
    ...keyLines(walk),
    used,
    line`Attempts with dead keys: ${row.refused_attempts} refused, ${row.accepted_attempts} let in.`,
  ];
}

function affectedLines({ row }: Walkthrough): Safe[] {
  const stopped =
    row.contained_at === null ? line`is being stopped` : line`was stopped at ${time(row.contained_at)}`;
  return [
    line`An API key that your systems may rely on ${stopped} (${clean(row.incident_id)}).`,
    line`Requests with it are refused. Its owner has, or gets, a new one.`,
    line`What was done with it before: (fill in, after the blast radius was looked at)`,
  ];
}

function time(text: string): Safe {
  return clean(`${isoTime(text).slice(0, 19)}Z`);
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
