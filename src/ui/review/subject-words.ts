import { roughDuration } from '../../domain/duration.js';
import type { ReviewSubject } from '../../domain/review.js';
import type { Style, Tone } from '../../render/style.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';

const tones = {
  critical: 'danger',
  high: 'danger',
  medium: 'warning',
  low: 'notice',
  info: 'muted',
} as const;

/** The tone of a severity: its sign says it too. */
export function severityTone(severity: ReviewSubject['risk']['severity']): Tone {
  return tones[severity];
}

/** `alice-prod v3`, or the address that concerns no key. */
export function subjectName({ name, version, ip, id }: ReviewSubject): Safe {
  if (name === null) return clean(ip ?? id);
  return version === null ? clean(name) : line`${clean(name)} v${version}`;
}

/** Families of detectors that say something, the strongest first. */
function subjectFamilies({ risk }: ReviewSubject): readonly string[] {
  return [...new Set(risk.steps.map(({ finding }) => finding.family))];
}

/** `auth origin +2`. */
export function familiesText(subject: ReviewSubject, most: number): Safe {
  const families = subjectFamilies(subject);
  const rest = families.length - most;
  const named = joinWith(line` `, families.slice(0, most).map(clean));
  return rest > 0 ? line`${named} +${rest}` : named;
}

/** `4 s`, `2 d`; a dash where there is nothing. */
export function ageText(
  at: number | null,
  { now, style }: { readonly now: number; readonly style: Style },
): Safe {
  return at === null ? style.glyph.dash : clean(roughDuration(Math.max(0, (now - at) / 1000)));
}
