import { type Command, Option } from 'commander';
import { type KeyFilter, type Sorting, sortings } from '../../db/reads/list-keys.js';
import { targetName } from '../../db/settings.js';
import { parseDuration } from '../../domain/duration.js';
import { exitCodes, usageError } from '../../domain/errors.js';
import { environments, levels } from '../../domain/settings.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';

export const statuses = [
  'pending',
  'active',
  'retiring',
  'suspended',
  'replaced',
  'revoked',
  'expired',
] as const;
const day = 86_400;

interface ListFlags {
  readonly status?: string[];
  readonly owner?: string;
  readonly userId?: string;
  readonly workspace?: string;
  readonly prefix?: string;
  readonly level?: string;
  readonly environment?: string;
  readonly due?: number | true;
  readonly olderThan?: number;
  readonly expiring?: number | true;
  readonly unused?: number | true;
  readonly stale?: boolean;
  readonly weak?: boolean;
  readonly sort?: Sorting;
  readonly limit: number;
  readonly cursor: number;
  readonly failOnFound?: boolean;
}

const duration = (flag: string) => (text: string) => parseDuration(flag, text);

export function listCommand(rt: Runtime): Command {
  return newCommand(rt, 'list')
    .summary('list keys')
    .description('List keys. Everything given has to fit; ages are counted by the database’s clock.')
    .option('--status <list>', `one or several of ${statuses.join(', ')}`, parseStatuses)
    .option('--owner <email>', 'keys of this person')
    .option('--user-id <id>', 'keys of this user id')
    .option('--workspace <id>', 'keys that work there')
    .option('--prefix <prefix>', 'keys with this prefix')
    .addOption(new Option('--level <level>', 'keys of this level').choices(levels))
    .addOption(new Option('--environment <name>', 'keys of this environment').choices(environments))
    .option(
      '--due [age]',
      'due for rotation by policy or expiry, or active for longer than this (90d); exempt ones are marked',
      duration('--due'),
    )
    .option('--older-than <age>', 'keys created at least this long ago', duration('--older-than'))
    .option('--expiring [within]', 'living keys that expire within this time (30d)', duration('--expiring'))
    .option('--unused [for]', 'usable keys without a use in this time (30d)', duration('--unused'))
    .option('--stale', 'usable keys without a use in 7 days')
    .option('--weak', 'living keys that no verifier of ours proves')
    .addOption(new Option('--sort <field>', 'order; last-used, or due with --due').choices(sortings))
    .option('--limit <n>', 'how many', wholeNumber('--limit', 1, 10_000), 200)
    .option('--cursor <c>', 'go on where the page before ended', wholeNumber('--cursor', 0, 100_000_000), 0)
    .option('--fail-on-found', 'exit 7 when any key fits; with --due, any that is not left out')
    .action(async (flags: ListFlags) => {
      const { listKeys } = await import('../../db/reads/list-keys.js');
      const { keyList } = await import('../../render/key-list.js');
      await rt.withContext({}, async (ctx) => {
        const page = await ctx.db.read((orm) => listKeys(orm, filterOf(flags)));
        const due = flags.due !== undefined;
        await rt.print(keyList, { page, due, where: targetName(ctx.db.target) });
        const found = page.rows.some(({ plan }) => !due || plan.leftOut === null);
        if (flags.failOnFound === true && found) rt.exitWith(exitCodes.check);
      });
    });
}

function filterOf(flags: ListFlags): KeyFilter {
  const { owner, userId, workspace, prefix, level, environment, weak, due, limit, cursor } = flags;
  const or = (given: number | true | undefined, otherwise: number) => (given === true ? otherwise : given);
  return {
    ...{ owner, userId, workspace, prefix, level, environment, weak, limit },
    sort: flags.sort ?? (due === undefined ? 'last-used' : 'due'),
    offset: cursor,
    statuses: flags.status,
    due: due === undefined ? undefined : { olderThanSeconds: due === true ? null : due },
    olderThanSeconds: flags.olderThan,
    expiringWithinSeconds: or(flags.expiring, 30 * day),
    unusedForSeconds: flags.stale === true ? 7 * day : or(flags.unused, 30 * day),
  };
}

function parseStatuses(text: string): string[] {
  const given = text.split(',').map((part) => part.trim());
  const unknown = given.find((part) => !(statuses as readonly string[]).includes(part));
  if (unknown !== undefined)
    throw usageError('--status', `there is no status "${unknown}"`, '--status active,retiring');
  return given;
}

function wholeNumber(flag: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw usageError(flag, `a whole number from ${least} to ${most}`, `${flag} 100`);
    }
    return value;
  };
}
