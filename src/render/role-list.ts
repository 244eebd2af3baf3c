import type { RoleGrant } from '../actions/grant-role.js';
import type { RoleMember } from '../db/reads/role-members.js';
import type { Renderer } from './renderer.js';
import { type Column, tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface RoleList {
  readonly members: readonly RoleMember[];
  readonly where: string;
}

/** `db roles`. */
export const roleList: Renderer<RoleList> = {
  text: ({ members, where }, view) =>
    members.length === 0
      ? line`nobody is in a role of keyctl’s in ${clean(where)}`
      : tableText(columns, members, view),
  json: ({ members }) => ({ roles: members.map(memberRecord), next_cursor: null }),
  records: ({ members }) => members.map(memberRecord),
  columns: ['role', 'member', 'login', 'via', 'on_search_path'],
};

const columns: readonly Column<RoleMember>[] = [
  { heading: line`ROLE`, cell: ({ role }) => clean(role) },
  { heading: line`WHO`, cell: ({ member }) => clean(member), shrinks: true },
  { heading: line`VIA`, cell: ({ via }) => clean(via ?? ''), shrinks: true },
  { heading: line`NOTE`, cell: note },
];

function note({ role, login, onSearchPath }: RoleMember): Safe {
  if (role === 'superuser') return line`may everything`;
  if (!login) return line`a group, no login`;
  return onSearchPath ? line`keyctl on its search_path` : clean('');
}

function memberRecord({ role, member, login, via, onSearchPath }: RoleMember) {
  return { role, member, login, via, on_search_path: onSearchPath };
}

const pathWords: Readonly<Record<RoleGrant['search_path'], string>> = {
  set: 'keyctl is on its search_path in this database from its next login on',
  already: 'keyctl is on its search_path already',
  own: 'its search_path was left as it is',
  refused: 'its search_path could not be set; add keyctl to it, or qualify names',
};

/** What `db roles grant --dry-run` would do. */
export interface PlannedGrant {
  readonly user: string;
  readonly role: string;
  readonly where: string;
}

export const plannedGrant: Renderer<PlannedGrant> = {
  text: ({ user, role, where }) =>
    line`would make ${clean(user)} a member of ${clean(role)} in ${clean(where)}`,
  json: ({ user, role }) => ({ dry_run: true, member: user, role }),
};

/** `db roles grant`. */
export const roleGrant: Renderer<RoleGrant> = {
  text(grant, { style }) {
    const seq = grant.audit_seq === null ? line`` : line` · audit ${grant.audit_seq}`;
    const what =
      grant.outcome === 'granted'
        ? line`${clean(grant.user)} is in ${clean(grant.role)}${seq}`
        : line`${clean(grant.user)} is in ${clean(grant.role)} already`;
    return joinLines([
      style.ok(line`${style.sign.ok} ${what}`),
      line`  ${clean(pathWords[grant.search_path])}`,
    ]);
  },
  json: (grant) => ({
    operation_id: grant.operationId,
    outcome: grant.outcome,
    member: grant.user,
    role: grant.role,
    search_path: grant.search_path,
    audit_seq: grant.audit_seq,
  }),
};
