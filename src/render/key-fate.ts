import type { KeyRow } from '../db/reads/keys.js';
import { isoTime } from '../domain/stored-time.js';
import { clean, line, type Safe } from './terminal-text.js';

/**
 * In words, how a key came to a status: since when, until when, by whom, why; null for `active`, which needs none.
 * @param status the one to be told about, which at another moment than now is not the key's present one
 */
export function keyFate({ key }: KeyRow, status: string): Safe | null {
  switch (status) {
    case 'pending':
      return line`not active yet: its secret has not been delivered`;
    case 'revoked':
      return revokedWords({ key });
    case 'replaced':
      return line`replaced${byWhom(key.replacedBy)}${on(key.usableUntil ?? key.replacedAt)}`;
    case 'retiring':
      return line`replaced${byWhom(key.replacedBy)}, usable${until(key.usableUntil)}`;
    case 'suspended':
      return line`suspended since ${time(key.suspendedAt)}${until(key.suspendedUntil)}${why(key.suspensionReason)}`;
    case 'expired':
      return line`expired ${time(key.expiresAt)}`;
    default:
      return null;
  }
}

/** A planned retirement counts before anybody stamped it. */
function revokedWords({ key }: Pick<KeyRow, 'key'>): Safe {
  if (key.revokedAt === null) return line`retired ${time(key.retireOn)} as planned${why(key.retireReason)}`;
  const code = key.revocationCode === null ? line`` : line` (${clean(key.revocationCode)})`;
  return line`revoked ${time(key.revokedAt)} by ${clean(key.revokedBy ?? 'nobody known')}${why(key.revocationReason)}${code}`;
}

function time(at: string | null): Safe {
  return clean(isoTime(at) ?? 'at a time unknown');
}

function on(at: string | null): Safe {
  return at === null ? line`` : line` ${time(at)}`;
}

function until(at: string | null): Safe {
  return at === null ? line`` : line` until ${time(at)}`;
}

function byWhom(id: string | null): Safe {
  return id === null ? line`` : line` by ${clean(id)}`;
}

function why(reason: string | null): Safe {
  return reason === null ? line`` : line`: ${clean(reason)}`;
}
