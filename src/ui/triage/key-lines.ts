import type { TriageAttempt, TriageDetail, TriageKey, TriageKeyUse, TriageUse } from '../../domain/triage.js';
import { padEnd } from '../../render/layout.js';
import { counted, grouped } from '../../render/numbers.js';
import { statusWord } from '../../render/status-word.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import { ageText, type TriageView, timeText } from './triage-words.js';

const statusColumns = 11;

/** Usable keys first, each with what it does, or since when it is dead and what was tried with it. */
export function keyLines(
  { keys }: TriageDetail,
  {
    use,
    chosenKeyId,
    most,
  }: { readonly use: TriageUse | null; readonly chosenKeyId: string | null; readonly most: number },
  view: TriageView,
): Safe[] {
  const { style } = view;
  if (keys.length === 0)
    return [
      line` ${style.warning(line`${style.sign.warning} no key is linked yet`)} ${style.muted(line`(k links one)`)}`,
    ];
  // The chosen one is always among those that are shown.
  const at = keys.findIndex(({ keyId }) => keyId === chosenKeyId);
  const from = Math.max(0, Math.min(at - most + 1, keys.length - most));
  const shown = keys.slice(from, from + most).map((key) => {
    const cursor = key.keyId === chosenKeyId ? style.accent(style.sign.accent) : line` `;
    const status = padEnd(statusWord(key.status, style), statusColumns);
    return line`${cursor}${clean(key.keyId)}  ${status} ${keyStory(key, use?.byKey.get(key.keyId) ?? null, view)}  ${style.muted(line`${clean(key.name)} v${key.version}`)}`;
  });
  const left = keys.length - shown.length;
  const usable = keys.slice(from + most).filter(({ isUsable }) => isUsable).length;
  const rest = usable > 0 ? line`${left} more keys, ${usable} of them usable` : line`${left} more keys`;
  return left === 0 ? shown : [...shown, style.muted(line` ${style.sign.muted} ${rest} (t shows them)`)];
}

/** `118 req/min from 3 addresses, 1 new`, `dead since 02:44:09Z · 12 refused since`. */
function keyStory(key: TriageKey, use: TriageKeyUse | null, { style, now }: TriageView): Safe {
  const dot = line` ${style.glyph.dot} `;
  if (key.isUsable) return usableStory(key, use, { style, now });
  const dead =
    key.deadSince === null ? line`not usable yet` : line`dead since ${timeText(key.deadSince, now)}`;
  const tried = [
    ...(key.accepted > 0
      ? [style.danger(line`${style.sign.danger} ${grouped(key.accepted)} LET IN since`)]
      : []),
    ...(key.refused > 0 ? [line`${grouped(key.refused)} refused since`] : []),
  ];
  const quietSince = key.lastAttemptAt ?? key.deadSince;
  const quiet = quietSince === null ? [] : [line`quiet for ${ageText(quietSince, now)}`];
  return joinWith(dot, [dead, ...(tried.length > 0 ? tried : quiet)]);
}

function usableStory(
  { suspendedUntil, lastUsedAt }: TriageKey,
  use: TriageKeyUse | null,
  { style, now }: Pick<TriageView, 'style' | 'now'>,
): Safe {
  if (suspendedUntil !== null) return style.warning(line`comes back at ${timeText(suspendedUntil, now)}`);
  const last = lastUsedAt === null ? line`never used` : line`last used ${ageText(lastUsedAt, now)} ago`;
  if (use === null) return last;
  const fresh =
    use.newAddresses === null || use.newAddresses === 0
      ? line``
      : style.warning(line`, ${use.newAddresses} new`);
  const from = line`from ${counted(use.addresses, 'address')}${fresh}`;
  // Nothing in five minutes may only mean that the log is late.
  if (use.requestsPerMinute === 0) return line`${last} ${from} in an hour`;
  return line`${grouped(use.requestsPerMinute)} req/min ${from}`;
}

/** `03:07  refused attempt with key_… from 198.51.100.17`, the newest first. */
export function attemptLines(
  attempts: readonly TriageAttempt[],
  most: number,
  { style, now }: TriageView,
): Safe[] {
  const shown = attempts.slice(0, most).map(({ keyId, ip, accepted, requests, lastAt }) => {
    const what = accepted
      ? style.danger(line`${style.sign.danger} LET IN`)
      : style.warning(line`${style.sign.dead} refused`);
    const from = ip === '' ? line`an unknown address` : clean(ip);
    return line` ${timeText(lastAt, now)} ${what} ${counted(requests, 'request')} with ${clean(keyId)} from ${from}`;
  });
  const left = attempts.length - shown.length;
  return left === 0
    ? shown
    : [...shown, style.muted(line` ${style.sign.muted} from ${left} more addresses (t shows them)`)];
}
