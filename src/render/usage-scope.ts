import type { UsageScope } from '../actions/usage-scope.js';
import type { Json, View } from './renderer.js';
import { statusWord } from './status-word.js';
import { clean, line, type Safe } from './terminal-text.js';

/** Whose usage it is, for programs. */
export function scopeJson({ key, familyId, owner }: UsageScope): Record<string, Json> {
  return { key_id: familyId === null ? (key?.key.id ?? null) : null, family_id: familyId, owner };
}

/** Whose usage it is, for people: `key_7Q2mK9xZab3d  alice-prod v3  ✓ active`, `all keys`. */
export function scopeText({ key, rows, familyId, owner }: UsageScope, { style }: View): Safe {
  const count = rows?.length ?? 0;
  const keys = line`${count} ${count === 1 ? clean('key') : clean('keys')}`;
  if (owner !== null) return line`${style.strong(clean(owner))}  ${keys}`;
  if (key === null) return style.strong(line`all keys`);
  const { id, name, version, status } = key.key;
  if (familyId !== null) return line`${style.strong(clean(name))}  family of ${keys}, ${clean(familyId)}`;
  return line`${style.strong(clean(id))}  ${clean(name)} v${version}  ${statusWord(status, style)}`;
}

/** Whose usage, in a sentence. */
export function scopeName({ key, rows, familyId, owner }: UsageScope): Safe {
  if (owner !== null) return clean(owner);
  if (key === null) return line`any key`;
  if (familyId !== null) return line`any of the ${rows?.length ?? 0} keys of ${clean(familyId)}`;
  return clean(key.key.id);
}
