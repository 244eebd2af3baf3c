import { usageError } from './errors.js';

/** The groups that the database knows, with what they are for (DESIGN 6); `includes` is what a member also is. */
export const roles = [
  {
    name: 'keyctl_viewer',
    includes: [],
    may: 'read keys (without their verifiers), usage, the audit log and what is blocked',
  },
  {
    name: 'keyctl_operator',
    includes: ['keyctl_viewer'],
    may: 'create, update, suspend, resume, rotate, retire, review and revoke keys, block addresses, ingest usage',
  },
  {
    name: 'keyctl_admin',
    includes: ['keyctl_operator', 'keyctl_viewer'],
    may: 'set policies, import keys, grant roles; with the rights of the schema’s owner also migrate',
  },
  {
    name: 'keyctl_auditor',
    includes: ['keyctl_viewer'],
    may: 'read everything but secrets, verify and export the audit log',
  },
  { name: 'keyctl_gateway', includes: [], may: 'verify presented keys and write usage events' },
] as const;

export type RoleName = (typeof roles)[number]['name'];

/** `operator` or `keyctl_operator`. Throws a usage error that names them all. */
export function parseRole(text: string): RoleName {
  const found = roles.find(({ name }) => name === text || name === `keyctl_${text}`);
  if (found !== undefined) return found.name;
  const names = roles.map(({ name }) => name).join(', ');
  throw usageError(
    'ROLE',
    `there is no role "${text}"; one of ${names}`,
    'keyctl db roles grant alice keyctl_operator',
  );
}
