import type { IssuedKey } from '../actions/delivery/sink.js';
import type { KeySettings, OwnerInput } from '../db/kernel-keys.js';
import type { Json } from './renderer.js';
import { settingLabel, settingText } from './setting-names.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface KeyNote {
  readonly key: IssuedKey;
  readonly owner: OwnerInput;
  readonly settings: KeySettings;
}

const labelColumns = 18;

/** Settings that stand in the note under a name of their own, or that are nobody's business who uses the key. */
const notNoted = ['name', 'scopes', 'expires_at', 'expires_in_seconds', 'justification', 'decoy'];

/** What whoever gets a key should know of it (`--note`): plain text for a file, without the secret. */
export function keyNote({ key, owner, settings }: KeyNote): string {
  const limits = Object.entries(settings).filter(([name]) => !notNoted.includes(name));
  const lines = [
    line`${clean(key.name)}`,
    field(line`key`, clean(key.keyId)),
    field(line`fingerprint`, clean(key.fingerprint)),
    field(line`version`, clean(String(key.version))),
    field(line`scopes`, settingText([...key.scopes])),
    ...limits.map(([name, value]) => field(settingLabel(name), settingText(value as Json))),
    field(line`created`, clean(key.createdAt)),
    field(line`expires`, clean(key.expiresAt ?? 'never')),
    field(line`contact`, contactOf(owner)),
  ];
  return `${joinLines(lines)}\n`;
}

function field(label: Safe, value: Safe): Safe {
  return line`${clean(label.padEnd(labelColumns))}${value}`;
}

function contactOf({ email, name }: OwnerInput): Safe {
  return name === null || name === undefined ? clean(email) : line`${clean(name)} <${clean(email)}>`;
}
