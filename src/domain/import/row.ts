import { createHash } from 'node:crypto';
import { type RandomBytes, randomBase62 } from '../base62.js';
import { cutTokens } from '../cut-tokens.js';
import { parseReference } from '../reference.js';
import { parseEmail, plainText } from '../setting-values.js';
import { settingParsers } from '../settings.js';
import { idOf, locatorLength, parseToken } from '../token.js';
import type { Cells } from './cells.js';
import type { RowProblem } from './columns.js';
import { type ImportedTime, importedTime } from './time.js';
import { BadRow, type Values, valuesOf } from './values.js';

/** A row of a file as `keyctl.import_stage` takes it; snake_case, because it travels as JSON. Null: the file says nothing. */
export interface ImportRow {
  readonly line: number;
  readonly key_id: string;
  readonly external_id: string | null;
  /** SHA-256 of the token, 64 hex digits; null when the key is only tracked. */
  readonly digest: string | null;
  readonly prefix: string | null;
  readonly owner_email: string | null;
  readonly owner_name: string | null;
  readonly user_id: string | null;
  /** Columns of a key (`keyctl.with_settings`). */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly policy: string | null;
  readonly expires_at: string | null;
  readonly created_at: string | null;
  readonly last_used_at: string | null;
  readonly status: string;
  readonly ended_at: string | null;
  readonly end_reason: string | null;
  /** External ids. */
  readonly replaces: string | null;
  readonly replaced_by: string | null;
}

/**
 * Reads the rows of a file of keys: every value is checked as the flags of `keys create` check it. A plaintext token is
 * hashed here and goes no further. A token that has our own form keeps its public part as the key's id, so that a cut one
 * in a log still names the key.
 */
export function rowReader(input: {
  readonly now: Date;
  readonly randomBytes: RandomBytes;
}): (cells: Cells, line: number) => ImportRow | RowProblem {
  const latest = new Date(input.now.getTime() + toleranceMs);
  return (cells, line) => {
    try {
      return readRow(valuesOf(cells), { line, latest, randomBytes: input.randomBytes });
    } catch (error) {
      if (error instanceof BadRow) return { line, cause: error.because, column: error.column };
      throw error;
    }
  };
}

/** Another machine's clock may be ahead of ours. */
const toleranceMs = 3_600_000;
const longestToken = 4096;
const statuses = ['active', 'retiring', 'suspended', 'replaced', 'revoked', 'expired'] as const;

function readRow(
  values: Values,
  about: { readonly line: number; readonly latest: Date; readonly randomBytes: RandomBytes },
): ImportRow {
  const proof = proofOf(values);
  const externalId = values.read('external_id', externalIdOf);
  if (externalId === null && proof.digest === null) throw new BadRow('no_identity');
  const expires = values.read('expires_at', timeOf);
  const life = lifeOf(values, { expires, latest: about.latest });
  const created = values.read('created_at', timeOf);
  if (created !== null && created.at > about.latest) throw new BadRow('contradiction', 'created_at');
  const fallback = externalId ?? `imported-${proof.digest?.slice(0, 16)}`;
  return {
    line: about.line,
    key_id: proof.id ?? idOf(randomBase62(locatorLength, about.randomBytes)),
    external_id: externalId,
    digest: proof.digest,
    prefix: values.read('prefix', settingParsers.prefix) ?? proof.prefix,
    owner_email: values.read('owner', (text) => parseEmail('owner', text)),
    owner_name: values.read('owner_name', shortText),
    user_id: values.read('user_id', shortText),
    settings: settingsOf(values, fallback),
    policy: values.read('policy', settingParsers.policy),
    expires_at: expires?.text ?? null,
    created_at: created?.text ?? null,
    last_used_at: values.read('last_used_at', timeOf)?.text ?? null,
    ...life,
    replaces: values.read('replaces', externalIdOf),
    replaced_by: values.read('replaced_by', externalIdOf),
  };
}

/** What proves the key: the SHA-256 of its token, as it came or made of the token here. */
function proofOf(values: Values): { digest: string | null; id: string | null; prefix: string | null } {
  const given = values.read('digest', digestOf);
  const token = values.text('token');
  if (token === null) return { digest: given, id: null, prefix: null };
  if (!/^[\x21-\x7e]{8,}$/.test(token) || token.length > longestToken) throw new BadRow('bad_token', 'token');
  const parsed = parseToken(token);
  // No gateway would ask the database about it.
  if (parsed.kind === 'checksum') throw new BadRow('token_checksum', 'token');
  const elsewhere = values.columnWith(token);
  if (elsewhere !== null) throw new BadRow('secret_elsewhere', elsewhere);
  const digest = createHash('sha256').update(token).digest('hex');
  if (given !== null && given !== digest) throw new BadRow('digest_differs', 'digest');
  return parsed.kind === 'token'
    ? { digest, id: parsed.id, prefix: parsed.prefix }
    : { digest, id: null, prefix: null };
}

function lifeOf(
  values: Values,
  { expires, latest }: { readonly expires: ImportedTime | null; readonly latest: Date },
): Pick<ImportRow, 'status' | 'ended_at' | 'end_reason'> {
  const ended = values.read('revoked_at', timeOf);
  const word = values.text('status')?.toLowerCase() ?? (ended === null ? 'active' : 'revoked');
  const status = statuses.find((known) => known === word);
  if (status === undefined) throw new BadRow('bad_status', 'status');
  const goesOn = status === 'active' || status === 'suspended' || status === 'expired';
  if (goesOn && ended !== null) throw new BadRow('contradiction', 'revoked_at');
  if (status === 'revoked' && ended !== null && ended.at > latest)
    throw new BadRow('contradiction', 'revoked_at');
  if (status === 'expired' && (expires === null || expires.at > latest)) {
    throw new BadRow('contradiction', 'expires_at');
  }
  const reason = values.read('revoke_reason', plainText('revoke_reason', { max: 2000, example: '' }));
  return {
    // What has expired is active to the eyes of the database, with an end that lies behind.
    status: status === 'expired' ? 'active' : status,
    ended_at: ended?.text ?? null,
    end_reason: status === 'active' || status === 'expired' ? null : reason,
  };
}

function settingsOf(values: Values, fallbackName: string): Record<string, unknown> {
  const parse = settingParsers;
  const settings = {
    name: values.read('name', parse.name) ?? fallbackName,
    workspace_id: values.read('workspace', parse.workspaceId),
    scopes: values.list('scopes', parse.scopes),
    models: values.list('models', parse.models),
    features: values.list('features', parse.features),
    used_by: values.list('used_by', parse.usedBy),
    allowed_ips: values.list('allowed_ips', parse.allowedIps),
    environment: values.read('environment', parse.environment),
    level: values.read('level', parse.level),
    description: values.read('description', parse.description),
    justification: values.read('justification', parse.justification),
    rpm: values.read('rpm', parse.rpm),
    rph: values.read('rph', parse.rph),
    burst: values.read('burst', parse.burst),
    concurrency: values.read('concurrency', parse.concurrency),
    quota_requests: values.read('quota_requests', parse.quotaRequests),
    quota_tokens: values.read('quota_tokens', parse.quotaTokens),
    budget_usd: values.read('budget_usd', parse.budgetUsd),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null));
}

const shortText = plainText('text', { max: 200, example: '' });

/** A name that KEY finds again: nothing that would be read as an id, a fingerprint or a token. */
function externalIdOf(text: string): string {
  const plain = shortText(text);
  if (cutTokens(text).ids.length > 0 || parseReference(plain).kind !== 'text') throw new BadRow('bad_value');
  return plain;
}

function digestOf(text: string): string {
  const [, hex] = /^(?:sha256:|\\x)?([0-9a-f]{64})$/i.exec(text) ?? [];
  if (hex === undefined) throw new BadRow('bad_digest');
  return hex.toLowerCase();
}

function timeOf(text: string): ImportedTime {
  const time = importedTime(text);
  if (time === null) throw new BadRow('bad_time');
  return time;
}
