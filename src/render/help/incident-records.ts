import { evidenceRecords } from './evidence-records.js';
import { inside, type JsonRecord, words } from './record-fields.js';

const clock = words('phase due_at done_at left_seconds required');
const incident = [
  ...words(`incident_id title type severity state lead opened_at opened_by detected_at closed_at reopened_at next_clock
    next_due_at next_left_seconds keys keys_usable keys_dead refused_attempts accepted_attempts last_attempt_at playbook
    next_step steps steps_done follow_ups_open follow_ups_overdue`),
  ...inside('clocks[]', clock),
];
const followUp = words(
  'follow_up_id incident_id title owner due_on overdue added_at added_by done_at done_by',
);
const targets = words('acknowledge_seconds contain_seconds investigate_seconds recover_seconds');
const done = (text: string) => words(`operation_id incident_id outcome ${text} audit_seq`);
const plan = words('dry_run count incident_id title state obstacles[]');
const blocker = words('kind key_id step');

/** One incident, whole. */
const shown = [
  ...incident,
  ...words('root_cause lessons'),
  ...inside(
    'linked_keys[]',
    words(`key_id name version status owner reason linked_at linked_by dead_since suspended_until successor_id
          last_used_at refused_attempts accepted_attempts last_attempt_at`),
  ),
  ...inside('attempts[]', words('key_id ip accepted requests first_at last_at')),
  ...inside('links[]', words('url title linked_at linked_by')),
  ...inside(
    'walkthrough[]',
    words('step state operation_id taken_at taken_by finished_at finished_by reason result{}'),
  ),
  ...inside('follow_ups[]', followUp),
  ...inside('blockers[]', blocker),
];

/** What incidents print. */
export const incidentRecords: readonly JsonRecord[] = [
  {
    printedBy: 'incidents open',
    fields: done('title type severity state lead opened_at detected_at key_ids[]'),
  },
  { printedBy: 'incidents list', fields: [...inside('incidents[]', incident), 'next_cursor'] },
  {
    printedBy: 'incidents list --follow-ups',
    fields: [...inside('follow_ups[]', followUp), 'next_cursor'],
  },
  { printedBy: 'incidents show', fields: shown },
  ...evidenceRecords(shown),
  { printedBy: 'incidents ack', fields: done('state at') },
  { printedBy: 'incidents assign', fields: done('lead lead_before') },
  { printedBy: 'incidents note', fields: words('operation_id incident_id outcome audit_seq') },
  { printedBy: 'incidents link-key', fields: done('key_ids[] state') },
  { printedBy: 'incidents link-url', fields: done('url') },
  { printedBy: 'incidents update', fields: done('before{} after{}') },
  { printedBy: 'incidents mark', fields: done('mark state at') },
  {
    printedBy: 'incidents timeline',
    fields: [
      ...words('incident_id title'),
      ...inside(
        'entries[]',
        words(`seq at logged_at action what key_id key_name reason actor_db actor_os actor_claimed host operation_id
          correction_reason corrected_by corrected_at details{}`),
      ),
      'next_cursor',
    ],
  },
  { printedBy: 'incidents correct', fields: done('corrected_seq at at_before phase') },
  { printedBy: 'incidents follow-up', fields: done('follow_up_id title owner due_on') },
  { printedBy: 'incidents follow-up --done', fields: done('follow_up_id done_at done_by') },
  {
    printedBy: 'incidents close',
    fields: [...words('operation_id incident_id outcome closed_at audit_seq'), ...inside('left[]', blocker)],
  },
  { printedBy: 'incidents (changes) --dry-run', fields: plan },
  {
    printedBy: 'incidents targets list',
    fields: [...inside('targets[]', ['severity', ...targets]), 'next_cursor'],
  },
  {
    printedBy: 'incidents targets set',
    fields: [
      ...words('operation_id severity outcome'),
      ...inside('before', targets),
      ...inside('after', targets),
      'audit_seq',
    ],
  },
  {
    printedBy: 'incidents targets set --dry-run',
    fields: [...words('dry_run count severity'), ...inside('before', targets), ...inside('after', targets)],
  },
];
