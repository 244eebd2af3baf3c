import { exitCodes, KeyctlError, usageError } from './errors.js';
import { Secret } from './secret.js';
import { idOf, parseToken, redactToken, validPrefix } from './token.js';

/** What a KEY on the command line can mean (CLI.md), told from the text alone. */
export type Reference =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'id_start'; readonly start: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'external'; readonly externalId: string }
  /** `digest` (64 hex digits) when the whole of it was given. */
  | { readonly kind: 'fingerprint'; readonly fingerprint: string; readonly digest: string | null }
  | { readonly kind: 'redacted'; readonly prefix: string; readonly locator: string; readonly id: string }
  | {
      readonly kind: 'token';
      readonly token: Secret;
      readonly prefix: string;
      readonly locator: string;
      readonly id: string;
    }
  /** The shape of a token with a wrong checksum: `shown` is what may be printed of it. */
  | { readonly kind: 'broken_token'; readonly shown: string }
  /** A text that is nobody's name, and the token of an imported key: told by a look-up alone. */
  | { readonly kind: 'foreign'; readonly token: Secret; readonly fingerprint: string }
  /** A name, an external id, or (when `idStart` is not null) the start of an id: the database knows. */
  | { readonly kind: 'text'; readonly text: string; readonly idStart: string | null };

/** Without a terminal a start of an id needs this many characters, `key_` included. */
export const shortestIdStart = 8;

const idForm = /^key_[0-9A-Za-z]{12}$/;
const idStartForm = /^key_[0-9A-Za-z]{1,12}$/;
const example =
  'KEY is an id (key_7Q2mK9xZab3d), a name, a fingerprint (sha256:…) or a redacted token (kc_7Q2mK9xZab3d****)';
/** What stands for the rest of a token that was cut: the same marks the scanner knows. */
const cutForm = /^(.+)_([0-9A-Za-z]{4,63})(?:\*{2,}|\.{3,}|…+|•{2,})$/;

/** Classifies a KEY; surrounding blanks of a paste are ignored. Throws a usage error for what can be no key at all. */
export function parseReference(raw: string): Reference {
  const text = raw.trim();
  if (text === '') throw usageError('KEY', 'is empty', example);
  const parsed = parseToken(text);
  if (parsed.kind === 'token') return { ...parsed, token: new Secret(text) };
  if (parsed.kind === 'checksum') return { kind: 'broken_token', shown: redactToken(text) };
  return explicit(text) ?? cut(text) ?? plain(text);
}

/** Throws a usage error for the shape of a token with a wrong checksum: no database has to be asked about it. */
export function refuseBrokenToken(reference: Reference): void {
  if (reference.kind !== 'broken_token') return;
  throw new KeyctlError({
    code: 'token_checksum',
    message: `${reference.shown} has the form of a token, but its checksum is wrong: a typing error, a cut or a fake`,
    hint: 'give the whole token, or its public part: keyctl keys show kc_7Q2mK9xZab3d****',
    exitCode: exitCodes.usage,
  });
}

/**
 * The reference as it may be printed and logged. A bare text that looks like somebody's secret (a foreign key pasted
 * as KEY) is shown by its first characters only.
 */
export function describeReference(reference: Reference): string {
  switch (reference.kind) {
    case 'id':
      return reference.id;
    case 'id_start':
      return `${reference.start}…`;
    case 'name':
      return reference.name;
    case 'external':
      return reference.externalId;
    case 'fingerprint':
    case 'foreign':
      return reference.fingerprint;
    case 'redacted':
    case 'token':
      return `${reference.prefix}_${reference.locator}****`;
    case 'broken_token':
      return reference.shown;
    case 'text':
      return looksSecret(reference.text) ? `${reference.text.slice(0, 6)}****` : reference.text;
  }
}

function explicit(text: string): Reference | null {
  const [, kind, value] = /^(id|name|external|sha256):(.*)$/s.exec(text) ?? [];
  if (kind === undefined || value === undefined) return null;
  if (kind === 'sha256') return fingerprinted(value.toLowerCase());
  if (value.trim() === '') throw usageError('KEY', `nothing stands after ${kind}:`, example);
  if (kind === 'name') return { kind, name: value.trim() };
  if (kind === 'external') return { kind, externalId: value.trim() };
  const id = value.trim().startsWith('key_') ? value.trim() : `key_${value.trim()}`;
  if (!idStartForm.test(id))
    throw usageError('KEY', 'id: is followed by an id or its start', 'id:key_7Q2mK9xZab3d');
  return idForm.test(id) ? { kind: 'id', id } : { kind: 'id_start', start: id };
}

function fingerprinted(hex: string): Reference {
  if (!/^[0-9a-f]{16,64}$/.test(hex)) {
    throw usageError('KEY', 'a fingerprint is sha256: and at least 16 hex digits', 'sha256:9f86d081884c7d65');
  }
  return {
    kind: 'fingerprint',
    fingerprint: `sha256:${hex.slice(0, 16)}`,
    digest: hex.length === 64 ? hex : null,
  };
}

/** Redacted tokens, and what the dashboards show of them: fie_alice_7Q2mK9xZ… has eight characters of the locator. */
function cut(text: string): Reference | null {
  const [, prefix, visible] = cutForm.exec(text) ?? [];
  if (prefix === undefined || visible === undefined || !validPrefix(prefix)) return null;
  if (visible.length < 12) return { kind: 'id_start', start: idOf(visible) };
  const locator = visible.slice(0, 12);
  return { kind: 'redacted', prefix, locator, id: idOf(locator) };
}

function plain(text: string): Reference {
  // An id means that key only: a key that was *named* like another key's id is reached by name: alone.
  if (idForm.test(text)) return { kind: 'id', id: text };
  if (idStartForm.test(text)) return { kind: 'text', text, idStart: text };
  const [, prefix, locator] = /^(.+)_([0-9A-Za-z]{12})$/.exec(text) ?? [];
  const named = prefix !== undefined && locator !== undefined && validPrefix(prefix);
  return { kind: 'text', text, idStart: named ? idOf(locator) : null };
}

function looksSecret(text: string): boolean {
  return text.length >= 20 && !/[\s@]/.test(text) && /\d/.test(text) && /[A-Za-z]/.test(text);
}
