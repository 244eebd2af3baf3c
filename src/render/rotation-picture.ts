import type { RotationPicture } from '../actions/rotation/rotation-picture.js';
import type { KeyRow } from '../db/reads/keys.js';
import type { OldKeyUses } from '../db/reads/old-key-use.js';
import type { RotationRow } from '../db/reads/rotations.js';
import { formatDuration } from '../domain/duration.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { labelled } from './labelled.js';
import { fit, width } from './layout.js';
import { counted } from './numbers.js';
import { oldKeyUseTable } from './old-key-use.js';
import type { Renderer, View } from './renderer.js';
import { rotationRecord, useRecord } from './rotation-record.js';
import { rotationState } from './rotation-state.js';
import { statusWord } from './status-word.js';
import { targetLine } from './target-line.js';
import { clean, joinLines, joinWith, line, type Safe } from './terminal-text.js';

/** `rotate status ID`: the whole picture of one rotation. */
export const rotationPicture: Renderer<RotationPicture> = {
  text: pictureText,
  json: (picture) => ({
    ...rotationRecord(picture.row),
    successor_first_used_at: picture.successorFirstUsedAt,
    stragglers: picture.stragglers?.groups.map(useRecord) ?? [],
    refusals: picture.refusals?.groups.map(useRecord) ?? [],
    accepted_after_end: picture.acceptedAfterEnd?.groups.map(useRecord) ?? [],
  }),
  ids: ({ row }) => [row.rotation_id],
};

/** Also what is shown before a rotation is changed. */
export function pictureText(picture: RotationPicture, view: View): Safe {
  const { row, target } = picture;
  const part = (label: Safe, value: Safe) => labelled(label, value, view);
  return joinLines([
    heading(picture, view),
    part(line`in`, view.style.muted(targetLine(target))),
    part(line`begun`, begunText(row, view)),
    part(line`old key`, oldKeyText(picture, view)),
    part(line`new key`, newKeyText(picture, view)),
    ...endLines(row, view).map((text) => part(line`grace`, text)),
    ...(row.deliver_to.length === 0
      ? []
      : [part(line`delivery`, line`${clean(row.deliver_to.join(', '))}${uncommitted(row, view)}`)]),
    part(line`log`, reachText(row, view)),
    ...usesLines(picture, view),
  ]);
}

function heading({ row }: RotationPicture, view: View): Safe {
  const { style, columns } = view;
  const id = style.strong(clean(row.rotation_id));
  const versions = line`v${row.old_version} ${style.sign.accent} v${row.new_version}`;
  const state = rotationState(row, view);
  const room = columns - width(line`${id}    ${versions}  ${state}`);
  const name = fit(clean(row.old_name), Math.max(4, room), style.glyph.ellipsis);
  return line`${id}  ${name}  ${versions}  ${state}`;
}

function begunText(row: RotationRow, view: View): Safe {
  const at = isoTime(row.activated_at ?? row.prepared_at);
  const kinds = {
    rotate: '',
    replace: ' as a replacement by another key',
    reissue: ' to reissue a lost secret',
  };
  const leaked = row.compromised ? view.style.danger(line` (compromised)`) : line``;
  const when = clean(ago(new Date(at), view.now));
  return line`${clean(at)} (${when}) by ${clean(row.prepared_by)}${clean(kinds[row.kind])}${leaked}: ${clean(row.reason)}`;
}

function oldKeyText({ row, oldKey }: RotationPicture, view: View): Safe {
  return joinWith(line`, `, [keyText(oldKey, view), lastUse(row.old_last_used_at, view)]);
}

function newKeyText({ row, newKey, successorFirstUsedAt: first }: RotationPicture, view: View): Safe {
  const since = first === null ? line`` : line` (first ${clean(ago(new Date(first), view.now))})`;
  const last = newKey.key.replacedBy === null ? row.successor_last_used_at : newKey.key.lastUsedAt;
  return line`${keyText(newKey, view)}, ${lastUse(last, view)}${since}`;
}

function keyText({ key, owner }: KeyRow, { style }: View): Safe {
  const mail = owner?.email ?? null;
  const whose = mail === null ? line`` : line` of ${clean(mail)}`;
  return line`${clean(key.id)}  v${key.version}  ${statusWord(key.status, style)}  ${clean(key.name)}${whose}`;
}

function lastUse(at: string | null, view: View): Safe {
  return at === null ? line`never used` : line`last used ${clean(ago(new Date(isoTime(at)), view.now))}`;
}

/** Until when the old key is usable, or since when it is not. */
function endLines(row: RotationRow, view: View): Safe[] {
  if (row.state === 'pending') return [line`not begun: the old key is as it was`];
  if (row.state === 'aborted') return [line`none: it was given up, the old key is as it was`];
  if (row.state === 'open') {
    if (row.grace_ends_at === null) return [line`the old key is kept until the next rotation`];
    const end = isoTime(row.grace_ends_at);
    return [line`the old key is usable until ${clean(end)} (${clean(ago(new Date(end), view.now))})`];
  }
  const end = isoTime(row.ended_at);
  if (end === null) return [line`over`];
  return [line`over since ${clean(end)} (${clean(ago(new Date(end), view.now))})`];
}

function uncommitted(row: RotationRow, { style }: View): Safe {
  return row.commit_pending
    ? style.danger(line` ${style.sign.danger} NOT in its place yet: the old key is what works there`)
    : line``;
}

/** How far the log reaches, and how long the old key was silent by it. */
function reachText(row: RotationRow, view: View): Safe {
  if (row.as_of === null) return line`no usage was ever brought in`;
  const asOf = isoTime(row.as_of);
  const reach = line`as of ${clean(asOf)} (${clean(ago(new Date(asOf), view.now))})`;
  if (row.state !== 'open' || row.quiet_seconds === null) return reach;
  return line`${reach}; by it the old key is silent for ${clean(formatDuration(row.quiet_seconds))}`;
}

function usesLines({ stragglers, refusals, acceptedAfterEnd }: RotationPicture, view: View): Safe[] {
  const { style } = view;
  const section = (uses: OldKeyUses | null, title: (uses: OldKeyUses) => Safe): Safe[] =>
    uses === null || uses.groupCount === 0 ? [] : [title(uses), ...oldKeyUseTable(uses, view)];
  const nobody =
    stragglers?.groupCount === 0
      ? [
          style.ok(
            line`${style.sign.ok} nobody used the old key since the activation, as far as the log reaches`,
          ),
        ]
      : [];
  return [
    ...nobody,
    ...section(stragglers, (uses) =>
      style.warning(
        line`${style.sign.warning} stragglers: ${requestsFrom(uses)} with the old key since the activation`,
      ),
    ),
    ...section(acceptedAfterEnd, (uses) =>
      style.danger(
        line`${style.sign.danger} LET IN after its end: ${requestsFrom(uses)}; a gateway does not ask keyctl`,
      ),
    ),
    ...section(refusals, (uses) =>
      style.notice(line`${style.sign.notice} refused since its end: ${requestsFrom(uses)} with the old key`),
    ),
  ];
}

function requestsFrom({ requests, groupCount }: OldKeyUses): Safe {
  return line`${counted(requests, 'request')} from ${counted(groupCount, 'source')}`;
}
