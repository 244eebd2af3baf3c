import type { Command } from 'commander';
import { targetName } from '../../db/settings.js';
import { parsePlainText } from '../../domain/plain-text.js';
import { parseRole } from '../../domain/roles.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';

export function rolesCommand(rt: Runtime): Command {
  return newCommand(rt, 'roles')
    .summary('who may do what, and granting it')
    .description('List who is in which role of keyctl’s. What each role may do: keyctl help roles')
    .addCommand(grantCommand(rt))
    .action(async () => {
      const { roleMembers } = await import('../../db/reads/role-members.js');
      const { roleList } = await import('../../render/role-list.js');
      await rt.withContext({}, async (ctx) => {
        const members = await ctx.db.read((orm) => roleMembers(orm));
        await rt.print(roleList, { members, where: targetName(ctx.db.target) });
      });
    });
}

function grantCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'grant')
    .summary('make a login a member of a role')
    .description(
      'Make a login a member of a role, and put keyctl behind its search_path in this database. Needs keyctl_admin.',
    )
    .argument('<user>', 'a login of the database', (text) =>
      parsePlainText('USER', text, { max: 63, example: 'keyctl db roles grant alice keyctl_operator' }),
    )
    .argument(
      '<role>',
      'keyctl_viewer, keyctl_operator, keyctl_admin, keyctl_auditor or keyctl_gateway',
      parseRole,
    );
  addChangeFlags(command);
  return command.action(async (user: string, role: ReturnType<typeof parseRole>, flags: ChangeFlags) => {
    const { grantRoleTo } = await import('../../actions/grant-role.js');
    const { plannedGrant, roleGrant } = await import('../../render/role-list.js');
    await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
      if (flags.dryRun === true) {
        await rt.print(plannedGrant, { user, role, where: targetName(ctx.db.target) });
        return;
      }
      await rt.print(roleGrant, await grantRoleTo(ctx, { user, role }));
    });
  });
}
