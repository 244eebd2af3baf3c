import { roles } from '../../domain/roles.js';
import { labelled } from '../labelled.js';
import type { Json, Renderer } from '../renderer.js';
import { clean, joinLines, line } from '../terminal-text.js';

const labelColumns = 18;

/** `keyctl help roles`. */
export const roleHelp: Renderer<null> = {
  text: (_value, view) =>
    joinLines([
      ...roles.map(({ name, may, includes }) => {
        const also = includes.length === 0 ? '' : `; also ${includes[0]}`;
        return labelled(clean(name), clean(`${may}${also}`), view, labelColumns);
      }),
      line``,
      line`They are groups of the database itself, so they bind psql too; a superuser is`,
      line`bound by none. Who is in which: keyctl db roles. To add somebody (as an admin):`,
      line`  keyctl db roles grant alice keyctl_operator`,
    ]),
  json: () => ({ roles: records() }),
  records,
  columns: ['role', 'may', 'includes'],
};

function records(): Record<string, Json>[] {
  return roles.map(({ name, may, includes }) => ({ role: name, may, includes }));
}
