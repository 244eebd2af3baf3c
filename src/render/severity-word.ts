import type { Severity } from '../domain/detect/finding.js';
import type { View } from './renderer.js';
import { clean, line, type Safe } from './terminal-text.js';

/** A severity with its sign; the colour only repeats it. */
export function severityWord(severity: Severity, view: View): Safe {
  return severityTone(severity, line`${severitySign(severity, view)} ${clean(severity)}`, view);
}

export function severitySign(severity: Severity, { style }: View): Safe {
  return style.sign[tones[severity]];
}

export function severityTone(severity: Severity, text: Safe, { style }: View): Safe {
  return style[tones[severity]](text);
}

const tones = {
  critical: 'danger',
  high: 'warning',
  medium: 'notice',
  low: 'muted',
  info: 'muted',
} as const satisfies Record<Severity, string>;
