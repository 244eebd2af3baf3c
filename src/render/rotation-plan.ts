import type { RotationPreview } from '../db/reads/rotation-preview.js';
import { formatDuration } from '../domain/duration.js';
import { counted } from './numbers.js';
import type { Json, Renderer } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface PlannedRotation {
  readonly preview: RotationPreview;
  /** Null: as its policy says. */
  readonly graceSeconds: number | null;
  readonly deliverTo: readonly string[];
}

/** What a rotation would do; nothing was minted. */
export const rotationPlan: Renderer<readonly PlannedRotation[]> = {
  text: (plans) =>
    joinLines([
      ...plans.map(planText),
      line`would rotate ${counted(plans.filter(({ preview }) => preview.obstacle === null).length, 'key')}; nothing was changed`,
    ]),
  json: (plans) => ({
    dry_run: true,
    count: plans.filter(({ preview }) => preview.obstacle === null).length,
    keys: plans.map(planRecord),
  }),
  records: (plans) => plans.map(planRecord),
  columns: ['key_id', 'name', 'version', 'status', 'grace_seconds', 'obstacle', 'deliver_to'],
  ids: (plans) => plans.map(({ preview }) => preview.keyId),
};

/** The grace that would apply, in words. */
function graceText(seconds: number | null): Safe {
  if (seconds === null) return line`kept until the next rotation`;
  return seconds === 0 ? line`dead at once` : line`usable for another ${clean(formatDuration(seconds))}`;
}

function planText({ preview, graceSeconds, deliverTo }: PlannedRotation): Safe {
  const key = line`${clean(preview.keyId)}  ${clean(preview.name)}  v${preview.version}  ${clean(preview.status)}`;
  if (preview.obstacle !== null) return line`${key}: cannot be rotated: ${clean(preview.obstacle)}`;
  const to = deliverTo.length === 0 ? line`` : line` · secret to ${clean(deliverTo.join(', '))}`;
  return line`${key}: the old key ${graceText(graceSeconds)}${to}`;
}

function planRecord({ preview, graceSeconds, deliverTo }: PlannedRotation): Record<string, Json> {
  return {
    key_id: preview.keyId,
    name: preview.name,
    version: preview.version,
    status: preview.status,
    grace_seconds: graceSeconds,
    obstacle: preview.obstacle,
    deliver_to: deliverTo,
  };
}

export interface PlannedDelivery {
  /** `finish`, `reissue`. */
  readonly verb: Safe;
  readonly rotationId: string;
  readonly newKeyId: string;
  readonly deliverTo: readonly string[];
}

/** What `rotate resume` and `rotate reissue` would do. */
export const deliveryPlanned: Renderer<PlannedDelivery> = {
  text: ({ verb, rotationId, newKeyId, deliverTo }) =>
    line`would ${verb} ${clean(rotationId)} (${clean(newKeyId)}) with ${clean(deliverTo.join(', '))}; nothing was changed`,
  json: ({ rotationId, newKeyId, deliverTo }) => ({
    dry_run: true,
    count: 1,
    rotation_id: rotationId,
    key_id: newKeyId,
    deliver_to: deliverTo,
  }),
  ids: ({ newKeyId }) => [newKeyId],
};
