import type { Command } from 'commander';
import type { KeySettings, OwnerInput } from '../../db/kernel-keys.js';
import { usageError } from '../../domain/errors.js';
import type { Deadline } from '../../domain/instant.js';
import { parseEmail, plainText, type ValueParser } from '../../domain/setting-values.js';
import {
  type Environment,
  type ExpiryAction,
  environments,
  type Level,
  levels,
  settingParsers,
} from '../../domain/settings.js';

/** What `none` parses to here: commander turns a null of a parser into an empty text. */
const none: unique symbol = Symbol('none');

type Settable<T> = T | typeof none;

/** A key's settings as flags, the same for `create` and `update`; what is not typed is undefined. */
export interface SettingFlags {
  readonly name?: string;
  readonly owner?: string;
  readonly ownerName?: string;
  readonly userId?: string;
  readonly scope?: readonly string[];
  readonly workspace?: Settable<string>;
  readonly workspaceAccess?: readonly string[];
  readonly level?: Settable<Level>;
  readonly model?: readonly string[];
  readonly feature?: readonly string[];
  readonly environment?: Settable<Environment>;
  readonly usedBy?: readonly string[];
  readonly description?: Settable<string>;
  readonly justification?: Settable<string>;
  readonly expires?: Settable<Deadline>;
  readonly allowIp?: readonly string[];
  readonly rpm?: Settable<number>;
  readonly rph?: Settable<number>;
  readonly burst?: Settable<number>;
  readonly concurrency?: Settable<number>;
  readonly quotaRequests?: Settable<number>;
  readonly quotaTokens?: Settable<number>;
  readonly budget?: Settable<string>;
  readonly budgetAlert?: readonly number[];
  readonly autoSuspend?: boolean;
  readonly billingContact?: Settable<string>;
  readonly policy?: Settable<string>;
  readonly exemptFromRotation?: Settable<string>;
  readonly onExpiry?: ExpiryAction;
  readonly reviewEvery?: Settable<number>;
  readonly decoy?: boolean;
}

/** Adds the flags; `none` takes a setting away, lists are made by repeating their flag. */
export function addSettingFlags(command: Command): Command {
  const parse = settingParsers;
  command
    .option('--name <name>', 'what the key is called', parse.name)
    .option('--owner <email>', 'whose key it is', ownerEmail)
    .option('--owner-name <name>', 'the owner’s name', personName)
    .option('--user-id <id>', 'the owner’s id elsewhere', userId)
    .option(
      '--scope <scope>',
      'what it may do, repeated for several: workflow:read, workflow:*',
      parse.scopes,
    )
    .option('--workspace <id>', 'the workspace it belongs to', orNone(parse.workspaceId))
    .option('--workspace-access <id>', 'another workspace it works in; repeated', parse.workspaceAccess)
    .option('--level <level>', levels.join(', '), orNone(parse.level))
    .option('--model <model>', 'a model it may use; repeated; none given: all', parse.models)
    .option('--feature <feature>', 'a feature it may use; repeated; none given: all', parse.features)
    .option('--environment <name>', environments.join(', '), orNone(parse.environment))
    .option('--used-by <text>', 'where it is used; repeated', parse.usedBy)
    .option('--description <text>', 'what it is for', orNone(parse.description))
    .option('--justification <text>', 'why it exists', orNone(parse.justification))
    .option('--expires <when>', '90d from now, a date, or an RFC 3339 time', orNone(parse.expires))
    .option('--allow-ip <network>', 'the only networks it works from; repeated', parse.allowedIps)
    .option('--rpm <n>', 'requests a minute', orNone(parse.rpm))
    .option('--rph <n>', 'requests an hour', orNone(parse.rph))
    .option('--burst <n>', 'requests at once above the rate', orNone(parse.burst))
    .option('--concurrency <n>', 'requests in flight', orNone(parse.concurrency))
    .option('--quota-requests <n>', 'requests a calendar month', orNone(parse.quotaRequests))
    .option('--quota-tokens <n>', 'tokens a calendar month', orNone(parse.quotaTokens))
    .option('--budget <usd>', 'US dollars a calendar month', orNone(parse.budgetUsd))
    .option('--budget-alert <percent>', 'an alert when so much of it is used; repeated', parse.budgetAlerts)
    .option('--auto-suspend', 'suspended for the rest of the month when budget or quota is used up')
    .option('--billing-contact <email>', 'who hears about its cost', orNone(parse.billingContact))
    .option('--decoy', 'a trap that nobody should ever use; listed as such');
  return addLifeFlags(command);
}

/** How often it is rotated and reviewed, and what its expiry does. */
function addLifeFlags(command: Command): Command {
  const parse = settingParsers;
  return command
    .option(
      '--policy <name>',
      'how often it is rotated and reviewed: keyctl keys policy list',
      orNone(parse.policy),
    )
    .option('--exempt-from-rotation <reason>', 'why nobody rotates it by date', orNone(parse.exemptReason))
    .option('--on-expiry <action>', 'end, suspend, or renew (rotated in time)', parse.onExpiry)
    .option(
      '--review-every <duration>',
      'how often its access is reviewed',
      orNone(parse.reviewEverySeconds),
    );
}

/** The parser of a setting that can be taken away. */
function orNone<T>(parse: ValueParser<T | null>): ValueParser<Settable<T>> {
  return (text) => parse(text) ?? none;
}

const ownerEmail = (text: string) => parseEmail('--owner', text);
const personName = plainText('--owner-name', { max: 200, example: '--owner-name "Alice Doe"' });
const userId = plainText('--user-id', { max: 200, example: '--user-id u-1027' });

/** The flags that were typed, as the kernel takes settings; empty when there were none. */
export function settingsOf(flags: SettingFlags): KeySettings {
  const given: Record<string, unknown> = {
    name: flags.name,
    scopes: flags.scope,
    workspace_id: flags.workspace,
    workspace_access: flags.workspaceAccess,
    level: flags.level,
    models: flags.model,
    features: flags.feature,
    environment: flags.environment,
    used_by: flags.usedBy,
    description: flags.description,
    justification: flags.justification,
    allowed_ips: flags.allowIp,
    rpm: flags.rpm,
    rph: flags.rph,
    burst: flags.burst,
    concurrency: flags.concurrency,
    quota_requests: flags.quotaRequests,
    quota_tokens: flags.quotaTokens,
    budget_usd: flags.budget,
    budget_alerts: flags.budgetAlert,
    auto_suspend: flags.autoSuspend,
    billing_contact: flags.billingContact,
    policy: flags.policy,
    exempt_reason: flags.exemptFromRotation,
    on_expiry: flags.onExpiry,
    review_every_seconds: flags.reviewEvery,
    decoy: flags.decoy,
    ...expiryOf(flags.expires),
  };
  const typed = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(typed.map(([name, value]) => [name, value === none ? null : value]));
}

/** A span stays a span until the database counts it (F13). */
function expiryOf(expires: SettingFlags['expires']): KeySettings {
  if (expires === undefined) return {};
  if (expires === none) return { expires_at: null };
  return expires.kind === 'at'
    ? { expires_at: expires.at.toISOString() }
    : { expires_in_seconds: expires.seconds };
}

/** Refuses (2) an expiry that is over, before anything is opened; the database's clock has the last word. */
export function refusePastExpiry({ expires }: SettingFlags, now: Date): void {
  if (expires === undefined || expires === none || expires.kind !== 'at' || expires.at > now) return;
  throw usageError('--expires', `${expires.at.toISOString()} is not in the future`, '--expires 90d');
}

/** The settings as a plan shows them: a span as the moment it would lead to by this machine's clock. */
export function plannedSettings(settings: KeySettings, now: Date): KeySettings {
  const { expires_in_seconds: seconds, ...others } = settings;
  if (seconds === undefined) return others;
  return { ...others, expires_at: new Date(now.getTime() + seconds * 1000).toISOString() };
}

/** The owner that was typed; null when none was. A name or user id alone does not say whose. */
export function ownerOf({ owner, ownerName, userId }: SettingFlags): OwnerInput | null {
  if (owner !== undefined) return { email: owner, name: ownerName ?? null, user_id: userId ?? null };
  const lone = ownerName === undefined ? (userId === undefined ? null : '--user-id') : '--owner-name';
  if (lone === null) return null;
  throw usageError(lone, 'goes with --owner', `--owner alice@example.com ${lone} …`);
}
