import { usageError } from './errors.js';

const form = /^[a-z]+\.(?:[a-z_]+|\*)$/;

/**
 * Actions to look for, as `--action` takes them: `key.revoked,ip.blocked`; `key.*` stands for every action on keys. The
 * form alone is checked: an older keyctl can look for what a newer one wrote.
 */
export function parseActions(flag: string, text: string, earlier?: readonly string[]): readonly string[] {
  const actions = text.split(',').map((part) => part.trim());
  const wrong = actions.find((action) => !form.test(action));
  if (wrong !== undefined) {
    throw usageError(
      flag,
      `"${wrong}" has not the form noun.verbed`,
      `${flag} key.revoked,ip.blocked, or ${flag} 'key.*'`,
    );
  }
  return [...(earlier ?? []), ...actions];
}
