import type { ForgetPlan, Forgotten } from '../../actions/report/forget-owner.js';
import type { Mention } from '../../db/reads/report-owner.js';
import { isoTime } from '../../domain/stored-time.js';
import { counted } from '../numbers.js';
import type { Json, Renderer, View } from '../renderer.js';
import { clean, joinLines, line, type Safe } from '../terminal-text.js';

/** `keys owner forget`. */
export const forgottenOwner: Renderer<Forgotten> = {
  text: ({ answer, mentions }, view) =>
    joinLines([
      view.style.ok(
        line`${view.style.sign.ok} ${clean(answer.owner_id)} is forgotten · audit ${answer.audit_seq ?? 0}`,
      ),
      line`${counted(answer.keys, 'key')} stay as they are · ${counted(answer.billing_contacts, 'billing contact')} emptied`,
      ...leftovers(mentions, view),
    ]),
  json: ({ operationId, answer, mentions }) => ({
    operation_id: operationId,
    outcome: answer.outcome,
    owner_id: answer.owner_id,
    keys: answer.keys,
    billing_contacts: answer.billing_contacts,
    forgotten_at: isoTime(answer.forgotten_at),
    mentions: mentionsJson(mentions),
    audit_seq: answer.audit_seq,
  }),
  ids: ({ answer }) => [answer.owner_id],
};

/** `keys owner forget --dry-run`, and what is shown before the question. */
export const forgetPlan: Renderer<ForgetPlan> = {
  text: ({ owner, keys, mentions }, view) =>
    joinLines([
      line`${clean(owner.email ?? '')} · ${clean(owner.ownerId)} · ${counted(keys.length, 'key')}`,
      line`E-mail, name, user id and billing contacts would be emptied. Keys stay as they are, and usable:`,
      line`to end them, keyctl revoke --owner ${clean(owner.email ?? '')}, and before this.`,
      ...leftovers(mentions, view),
    ]),
  json: ({ owner, keys, mentions }) => ({
    dry_run: true,
    count: 1,
    owner_id: owner.ownerId,
    owner: owner.email,
    keys: keys.map(({ key }) => ({ key_id: key.id, name: key.name, status: key.status })),
    mentions: mentionsJson(mentions),
  }),
};

export function mentionsJson(mentions: readonly Mention[]): Json {
  return mentions.map(({ place, rows }) => ({ place, rows }));
}

const places: Readonly<Record<string, Safe>> = {
  audit_log: line`rows of the audit log (reasons and names that were typed; never changed)`,
  keys: line`keys (name, description, justification, reasons): keyctl keys update`,
  rotations: line`reasons of rotations`,
  ip_blocks: line`reasons of IP blocks`,
};

/** What may still hold the address, said plainly: forgetting is not finished by one command. */
function leftovers(mentions: readonly Mention[], { style }: View): Safe[] {
  const found = mentions.map(
    ({ place, rows }) => line`  ${style.sign.warning} ${rows} ${places[place] ?? clean(place)}`,
  );
  return [
    ...(found.length === 0 ? [] : [style.warning(line`The address still stands in free text:`), ...found]),
    style.muted(
      line`Not looked through: usage (agents, endpoints, addresses of clients), backups, exports and`,
    ),
    style.muted(line`reports that were made before, logs of gateways, the files of earlier deliveries.`),
  ];
}
