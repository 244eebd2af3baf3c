import type { CloseBlocker } from '../../db/kernel-incidents.js';
import type { IncidentSeverity } from '../../domain/incident.js';
import type { Style } from '../style.js';
import { clean, line, type Safe } from '../terminal-text.js';

/** The severity with its sign; colour repeats it. */
export function severityWord(severity: IncidentSeverity, style: Style): Safe {
  switch (severity) {
    case 'critical':
      return style.danger(line`${style.sign.danger} critical`);
    case 'high':
      return style.warning(line`${style.sign.warning} high`);
    case 'medium':
      return style.notice(line`${style.sign.notice} medium`);
    case 'low':
      return line`${style.sign.muted} low`;
  }
}

/** What keeps an incident from being closed, one of it. */
export function blockerText({ kind, key_id, step }: CloseBlocker): Safe {
  switch (kind) {
    case 'usable_key':
      return line`${clean(key_id ?? '')} is usable`;
    case 'open_step':
      return line`step ${clean(step ?? '')} is open`;
    case 'unexplained_skip':
      return line`step ${clean(step ?? '')} was skipped without a reason`;
    case 'review_missing':
      return line`the review is missing`;
  }
}
