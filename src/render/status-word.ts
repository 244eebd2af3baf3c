import type { Style, Tone } from './style.js';
import { clean, line, type Safe } from './terminal-text.js';

const tones: Readonly<Record<string, Tone>> = {
  pending: 'notice',
  active: 'ok',
  retiring: 'warning',
  suspended: 'warning',
  expired: 'dead',
  replaced: 'dead',
  revoked: 'dead',
};

/** A key's status as a sign and a word; the colour only repeats it. */
export function statusWord(status: string, style: Style): Safe {
  const tone = tones[status] ?? 'muted';
  return style[tone](line`${style.sign[tone]} ${clean(status)}`);
}
