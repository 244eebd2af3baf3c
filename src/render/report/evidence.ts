import type { Report } from '../../actions/report/make-report.js';
import { mean, number, percent, span } from './figures.js';

/** A figure that speaks to what controls ask, and how anybody gets it again. */
interface Figure {
  readonly value: (report: Report) => string;
  readonly source: string;
}

const rows = (...actions: readonly string[]) => ({
  value: ({ changes }: Report) => {
    const found = actions.map((action) => `${number(changes.byAction[action] ?? 0)} ${action}`);
    return found.join(', ');
  },
  source: `keyctl audit log --action ${actions.join(',')}`,
});

const figures = {
  inventory: {
    value: ({ keys }) =>
      `${number(Object.values(keys.byStatus).reduce((sum, count) => sum + count, 0))} keys on record, ${number(keys.byStatus.active ?? 0)} active, ${number(keys.withoutOwner)} usable without an owner`,
    source: 'keyctl keys list --json',
  },
  storage: {
    value: ({ keys }) => `${number(keys.weak)} usable keys are proven by a bare digest only`,
    source: 'keyctl keys list --weak',
  },
  issued: rows('key.created', 'key.activated', 'key.imported'),
  removed: rows('key.revoked', 'key.suspended'),
  reviewed: {
    value: ({ changes, keys }) =>
      `${number(changes.byAction['key.reviewed'] ?? 0)} reviews, ${number(keys.reviewsDue)} overdue`,
    source: 'keyctl keys review; keyctl audit log --action key.reviewed',
  },
  rotated: {
    value: ({ rotations, onTimeShare, keys }) =>
      `${number(rotations.activated)} rotations, on time: ${percent(onTimeShare)}, due now: ${number(keys.rotationsDue)}, exempt: ${number(keys.exempt)}`,
    source: 'keyctl keys list --due; keyctl audit log --action rotation.activated',
  },
  stale: {
    value: ({ keys }) =>
      `${number(keys.stale30Days)} usable keys not used for 30 days or more, ${number(keys.expiring30Days)} expire within 30 days`,
    source: 'keyctl keys list --unused 30d',
  },
  authentication: {
    value: ({ usage }) =>
      `${number(usage.unauthenticated)} of ${number(usage.requests)} requests failed to authenticate; ${number(usage.stray)} more named no key of ours`,
    source: 'keyctl audit usage --all --by status; SQL: select count(*) from keyctl.stray_events',
  },
  limits: {
    value: ({ usage }) =>
      `${number(usage.limited)} requests over their rate limit, ${number(usage.forbidden)} refused`,
    source: 'keyctl audit usage --all --by status',
  },
  blocks: rows('ip.blocked', 'ip.unblocked'),
  detection: {
    value: ({ revocations, changes }) =>
      `${number(changes.byAction['key.exposed'] ?? 0)} exposures recorded, ${number(revocations.length)} revocations, mean time from detection: ${span(mean(revocations.map((each) => each.fromDetectionSeconds)))}`,
    source: 'keyctl audit log --action key.exposed,key.revoked',
  },
  incidents: {
    value: ({ incidents }) =>
      `${number(incidents.opened)} incidents opened, ${number(incidents.closed)} closed; mean time to acknowledge ${span(incidents.meanSecondsToAcknowledge)}, to contain ${span(incidents.meanSecondsToContain)}, to recover ${span(incidents.meanSecondsToRecover)}`,
    source: 'keyctl incidents list --all',
  },
  record: {
    value: ({ changes }) =>
      `${number(Object.values(changes.byAction).reduce((sum, count) => sum + count, 0))} rows in the window, in a hash chain`,
    source: 'keyctl audit verify',
  },
  tickets: {
    value: ({ changes }) =>
      `${number(changes.withReason)} changes with a reason, ${number(changes.withoutTicket)} of them without a ticket`,
    source: 'keyctl audit log --json',
  },
  roles: rows('db.role_granted'),
  privacy: rows('owner.exported', 'owner.forgotten'),
} satisfies Readonly<Record<string, Figure>>;

/** Which figure speaks to which control. The topics are in our own words; the texts of the standards are theirs. */
const controls: readonly (readonly [
  framework: string,
  control: string,
  topic: string,
  figure: keyof typeof figures,
])[] = [
  ['SOC 2', 'CC6.1', 'credentials are known and protected', 'storage'],
  ['SOC 2', 'CC6.1', 'inventory of credentials', 'inventory'],
  ['SOC 2', 'CC6.2', 'credentials are issued on record', 'issued'],
  ['SOC 2', 'CC6.2', 'credentials are removed when no longer needed', 'removed'],
  ['SOC 2', 'CC6.3', 'access is reviewed', 'reviewed'],
  ['SOC 2', 'CC6.6', 'protection against outside threats', 'blocks'],
  ['SOC 2', 'CC7.2', 'anomalies are watched for', 'authentication'],
  ['SOC 2', 'CC7.3', 'events are evaluated', 'detection'],
  ['SOC 2', 'CC7.4', 'incidents are answered', 'incidents'],
  ['ISO 27001', 'A.5.15', 'access control', 'limits'],
  ['ISO 27001', 'A.5.16', 'life of identities', 'issued'],
  ['ISO 27001', 'A.5.17', 'authentication information', 'rotated'],
  ['ISO 27001', 'A.5.18', 'access rights are reviewed and removed', 'reviewed'],
  ['ISO 27001', 'A.5.28', 'collection of evidence', 'record'],
  ['ISO 27001', 'A.5.34', 'personal data', 'privacy'],
  ['ISO 27001', 'A.8.2', 'privileged access rights', 'roles'],
  ['ISO 27001', 'A.8.5', 'secure authentication', 'authentication'],
  ['ISO 27001', 'A.8.15', 'logging', 'record'],
  ['ISO 27001', 'A.8.16', 'monitoring', 'detection'],
  ['ISO 27001', 'A.8.32', 'changes are made under control', 'tickets'],
  ['NIST CSF', 'PR.AA-01', 'credentials are managed', 'rotated'],
  ['NIST CSF', 'PR.AA-03', 'users and services are authenticated', 'authentication'],
  ['NIST CSF', 'PR.AA-05', 'permissions are reviewed, unused ones found', 'stale'],
  ['NIST CSF', 'PR.PS-04', 'log records are made', 'record'],
  ['NIST CSF', 'DE.CM-09', 'computing is monitored for adverse events', 'limits'],
  ['NIST CSF', 'RS.MI-01', 'incidents are contained', 'incidents'],
];

export interface Evidence {
  readonly framework: string;
  readonly control: string;
  readonly topic: string;
  readonly figure: string;
  readonly source: string;
}

/** One row for each control and figure: evidence, never a verdict. */
export function evidenceOf(report: Report): readonly Evidence[] {
  return controls.map(([framework, control, topic, figure]) => {
    const { value, source } = figures[figure];
    return { framework, control, topic, figure: value(report), source };
  });
}
