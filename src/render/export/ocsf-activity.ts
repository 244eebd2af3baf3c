/** Activities of OCSF 1.3.0's class Entity Management (3004), by their ids in the published class. */
export const activities = {
  Unknown: 0,
  Create: 1,
  Read: 2,
  Update: 3,
  Delete: 4,
  Move: 5,
  Enroll: 6,
  Unenroll: 7,
  Enable: 8,
  Disable: 9,
  Activate: 10,
  Deactivate: 11,
  Suspend: 12,
  Resume: 13,
  Other: 99,
} as const;
type Activity = keyof typeof activities;

export const severities = { Informational: 1, Low: 2, Medium: 3, High: 4 } as const;
export type Severity = keyof typeof severities;

interface Meaning {
  readonly activity: Activity;
  readonly severity: Severity;
}

const meaning = (activity: Activity, severity: Severity = 'Informational'): Meaning => ({
  activity,
  severity,
});

/**
 * What each audit action is to OCSF. A revocation is a Delete: the key never comes back, although its row is kept. A rotation
 * creates the successor (prepared), updates the old key to it (activated), and deletes the old one (finalized).
 */
const meanings: Readonly<Record<string, Meaning>> = {
  'key.created': meaning('Create'),
  'key.imported': meaning('Enroll'),
  'key.activated': meaning('Activate'),
  'key.suspended': meaning('Suspend', 'Low'),
  'key.resumed': meaning('Resume', 'Low'),
  'key.revoked': meaning('Delete', 'Medium'),
  'key.exposed': meaning('Other', 'High'),
  'rotation.prepared': meaning('Create'),
  'rotation.activated': meaning('Update'),
  'rotation.finalized': meaning('Delete'),
  'rotation.aborted': meaning('Delete'),
  'ip.blocked': meaning('Create', 'Low'),
  'ip.unblocked': meaning('Delete', 'Low'),
  'owner.exported': meaning('Read', 'Low'),
  'owner.forgotten': meaning('Update', 'Low'),
  'audit.exported': meaning('Read', 'Low'),
  'db.role_granted': meaning('Update', 'Medium'),
  'incident.opened': meaning('Create', 'Medium'),
  'incident.reopened': meaning('Activate', 'High'),
  'incident.attempts_seen': meaning('Other', 'Medium'),
  'incident.closed': meaning('Deactivate'),
  'incident.bundled': meaning('Read', 'Low'),
};

/** By the noun, for an action that this version does not know by name. */
const nouns: Readonly<Record<string, Meaning>> = {
  key: meaning('Update'),
  rotation: meaning('Update'),
  policy: meaning('Update'),
  incident: meaning('Update'),
  finding: meaning('Update'),
};

export function meaningOf(action: string): Meaning {
  const [noun = ''] = action.split('.');
  return meanings[action] ?? nouns[noun] ?? meaning('Other');
}
