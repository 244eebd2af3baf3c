import type { Target } from '../db/settings.js';
import { clean, line, type Safe } from './terminal-text.js';

/** Where we are, for whoever is asked: `db.prod/keys as oncall`, `embedded/keyctl as keyctl`. */
export function targetLine(target: Target): Safe {
  const host = target.embedded ? 'embedded' : target.host.startsWith('/') ? 'local' : target.host;
  return line`${clean(host)}/${clean(target.database)} as ${clean(target.role)}`;
}
