import type { KeySettings, OwnerInput } from '../db/kernel-keys.js';
import { labelled, settingColumns } from './labelled.js';
import type { Json, Renderer } from './renderer.js';
import { settingLabel, settingText } from './setting-names.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface KeyPlan {
  readonly prefix: string;
  readonly owner: OwnerInput;
  readonly settings: KeySettings;
  readonly deliverTo: readonly string[];
}

/** `keys create --dry-run`: what would be created; nothing was minted or opened. */
export const keyPlan: Renderer<KeyPlan> = {
  text: ({ prefix, owner, settings, deliverTo }, view) => {
    const { name, ...others } = settings;
    const field = (label: Safe, value: Safe) => labelled(label, value, view, settingColumns);
    return joinLines([
      line`1 key would be created`,
      field(line`name`, clean(name ?? '')),
      field(line`owner`, clean(owner.email)),
      field(line`prefix`, clean(prefix)),
      ...Object.entries(others).map(([setting, value]) =>
        field(settingLabel(setting), settingText(value as Json, setting)),
      ),
      field(line`delivered`, line`to ${clean(deliverTo.join(', '))}`),
    ]);
  },
  json: ({ prefix, owner, settings, deliverTo }) => ({
    dry_run: true,
    count: 1,
    keys: [
      {
        prefix,
        owner: owner.email,
        owner_name: owner.name ?? null,
        user_id: owner.user_id ?? null,
        ...(settings as Record<string, Json>),
        deliver_to: deliverTo,
      },
    ],
  }),
};
