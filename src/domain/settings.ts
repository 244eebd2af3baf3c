import { parseCidr } from './cidr.js';
import { cutTokens } from './cut-tokens.js';
import { parseDuration } from './duration.js';
import { usageError } from './errors.js';
import { type Deadline, parseDeadline } from './instant.js';
import { parseReason } from './reason.js';
import { parseReference } from './reference.js';
import { longestName } from './rotated-name.js';
import { parseScope } from './scope.js';
import {
  listOf,
  money,
  oneOf,
  orNone,
  parseEmail,
  percent,
  plainText,
  wholeNumber,
} from './setting-values.js';
import { defaultPrefix, validPrefix } from './token.js';

export const levels = ['read-only', 'standard', 'premium', 'admin'] as const;
export const environments = ['production', 'staging', 'development'] as const;
export const expiryActions = ['end', 'suspend', 'renew'] as const;

export type Level = (typeof levels)[number];
export type Environment = (typeof environments)[number];
export type ExpiryAction = (typeof expiryActions)[number];

/** What a key is set to, apart from its life. Names as in the table; null: not set, an empty list: no restriction. */
export interface KeySettings {
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly workspaceId: string | null;
  readonly workspaceAccess: readonly string[];
  readonly level: Level | null;
  readonly models: readonly string[];
  readonly features: readonly string[];
  readonly environment: Environment | null;
  readonly usedBy: readonly string[];
  readonly description: string | null;
  readonly justification: string | null;
  readonly expires: Deadline | null;
  /** Networks in canonical CIDR form. */
  readonly allowedIps: readonly string[];
  /** Requests a minute, requests an hour, requests at once above the rate, requests in flight. */
  readonly rpm: number | null;
  readonly rph: number | null;
  readonly burst: number | null;
  readonly concurrency: number | null;
  readonly quotaRequests: number | null;
  readonly quotaTokens: number | null;
  /** Decimal text, at most 6 decimals. */
  readonly budgetUsd: string | null;
  /** Percentages of the budget. */
  readonly budgetAlerts: readonly number[];
  readonly autoSuspend: boolean;
  readonly billingContact: string | null;
  readonly reviewEverySeconds: number | null;
  readonly onExpiry: ExpiryAction;
  readonly policy: string | null;
  /** Why the key is left out of rotations; null: it is not. */
  readonly exemptReason: string | null;
  readonly decoy: boolean;
}

/** What `keys create` sets where no flag was given; a name is always given. */
export const defaultSettings: Omit<KeySettings, 'name'> = {
  prefix: defaultPrefix,
  scopes: [],
  workspaceId: null,
  workspaceAccess: [],
  level: null,
  models: [],
  features: [],
  environment: null,
  usedBy: [],
  description: null,
  justification: null,
  expires: null,
  allowedIps: [],
  rpm: 100,
  rph: 1000,
  burst: null,
  concurrency: null,
  quotaRequests: null,
  quotaTokens: null,
  budgetUsd: null,
  budgetAlerts: [],
  autoSuspend: false,
  billingContact: null,
  reviewEverySeconds: null,
  onExpiry: 'end',
  policy: null,
  exemptReason: null,
  decoy: false,
};

const largestInteger = 2_147_483_647;
const words = (flag: string, max: number, example: string) =>
  plainText(flag, { max, example: `${flag} ${example}` });
const limit = (flag: string, example: string, max = largestInteger) =>
  orNone(wholeNumber(flag, { min: 1, max, example }));

/**
 * One parser for each flag of a key's settings, ready for commander: `.option('--rpm <n>', '…', settingParsers.rpm)`.
 * Each throws a usage error that names its flag and shows a right value; `none` takes a setting away.
 */
export const settingParsers = {
  name: (text: string) => parseName('--name', text),
  prefix: (text: string) => parsePrefix('--prefix', text),
  scopes: listOf('--scope', (text) => parseScope('--scope', text)),
  workspaceId: orNone(words('--workspace', 100, 'ws_research')),
  workspaceAccess: listOf('--workspace-access', words('--workspace-access', 100, 'ws_research')),
  level: orNone(oneOf('--level', levels)),
  models: listOf('--model', words('--model', 100, 'small-2')),
  features: listOf('--feature', words('--feature', 100, 'export')),
  environment: orNone(oneOf('--environment', environments)),
  usedBy: listOf('--used-by', words('--used-by', 200, '"billing-worker on app-3"')),
  description: orNone(words('--description', 1000, '"nightly export to the data warehouse"')),
  justification: orNone(words('--justification', 1000, '"PLAT-1182, approved by kim"')),
  expires: orNone((text) => parseDeadline('--expires', text)),
  allowedIps: listOf('--allow-ip', (text) => parseCidr('--allow-ip', text)),
  rpm: limit('--rpm', '100'),
  rph: limit('--rph', '1000'),
  burst: limit('--burst', '20'),
  concurrency: limit('--concurrency', '10'),
  quotaRequests: limit('--quota-requests', '1000000', Number.MAX_SAFE_INTEGER),
  quotaTokens: limit('--quota-tokens', '50000000', Number.MAX_SAFE_INTEGER),
  budgetUsd: orNone(money('--budget')),
  budgetAlerts: listOf('--budget-alert', percent('--budget-alert')),
  billingContact: orNone((text) => parseEmail('--billing-contact', text)),
  reviewEverySeconds: orNone((text) => parseReviewInterval('--review-every', text)),
  onExpiry: oneOf('--on-expiry', expiryActions),
  policy: orNone(words('--policy', 100, 'quarterly')),
  exemptReason: orNone((text) => parseReason('--exempt-from-rotation', text)),
} as const;

/** A key's name: 1 to 200 characters, and nothing that KEY would read as something else than a name. */
function parseName(flag: string, text: string): string {
  const example = `${flag} alice-prod`;
  const name = plainText(flag, { max: longestName, example })(text);
  if (cutTokens(text).ids.length > 0)
    throw usageError(flag, 'holds a secret: a name is shown everywhere', example);
  const { kind } = parseReference(name);
  if (kind !== 'text') throw usageError(flag, 'reads like an id, a fingerprint or a token', example);
  return name;
}

/** A token prefix: words of a-z and 0-9 joined by `_`, beginning with a letter, at most 32 characters. */
function parsePrefix(flag: string, text: string): string {
  if (validPrefix(text)) return text;
  throw usageError(
    flag,
    'words of a-z and 0-9 joined by _, a letter first, at most 32 characters',
    `${flag} fie_alice`,
  );
}

function parseReviewInterval(flag: string, text: string): number {
  const seconds = parseDuration(flag, text);
  if (seconds < 86_400) throw usageError(flag, 'a review is due at most once a day', `${flag} 90d`);
  return Math.min(seconds, largestInteger);
}
