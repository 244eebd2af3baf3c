import { usageError } from './errors.js';
import { isLocalHost } from './local-host.js';
import { tokensIn } from './token-scan.js';

/** Which header carries the key, and what stands before it there. */
export interface ProbeHeader {
  readonly name: string;
  /** `Bearer ` with its blank, or nothing. */
  readonly scheme: string;
}

/**
 * The URL of a probe: https, or http to this machine only, and nothing in it that belongs into a header.
 * @throws KeyctlError 2, naming the flag
 */
export function parseProbeUrl(flag: string, text: string): URL {
  const example = `${flag}=https://api.example.com/v1/ping (a KEY stands before ${flag})`;
  if (!URL.canParse(text)) throw usageError(flag, 'not a URL', example);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    throw usageError(flag, 'a URL with a password in it is logged everywhere', example);
  if (tokensIn(decoded(text)).some((found) => found.kind === 'full'))
    throw usageError(
      flag,
      'a URL with a key in it is logged everywhere; the key goes into a header',
      example,
    );
  if (
    url.protocol !== 'https:' &&
    !(url.protocol === 'http:' && isLocalHost(url.hostname.replace(/^\[|\]$/g, '')))
  ) {
    throw usageError(flag, 'only https: the key would travel readable', example);
  }
  return url;
}

/**
 * `Authorization` alone means a bearer token (RFC 6750); `Name: scheme` names another scheme; any other name stands bare.
 * @throws KeyctlError 2, naming the flag
 */
export function parseProbeHeader(flag: string, text: string): ProbeHeader {
  const [, name, scheme] =
    /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?::[ \t]*([\x21-\x7e]*))?$/.exec(text.trim()) ?? [];
  if (name === undefined || ownedByHttp.test(name)) {
    throw usageError(flag, 'not the name of a header', `${flag} X-API-Key, or "Authorization: Token"`);
  }
  if (scheme !== undefined && scheme !== '') return { name, scheme: `${scheme} ` };
  return { name, scheme: name.toLowerCase() === 'authorization' ? 'Bearer ' : '' };
}

/** Headers that say how the request itself is read. */
const ownedByHttp = /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect)$/i;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
