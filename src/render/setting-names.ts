import { formatDuration } from '../domain/duration.js';
import type { Json } from './renderer.js';
import { clean, type Safe } from './terminal-text.js';

/** A setting's value in words: lists joined, spans with their unit, nothing as `none`. */
export function settingText(value: Json | undefined, name = ''): Safe {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0))
    return clean('none');
  if (typeof value === 'number' && name.endsWith('_seconds')) {
    return clean(value === 0 ? 'none at all' : formatDuration(value));
  }
  if (Array.isArray(value)) return clean(value.join(', '));
  if (typeof value === 'boolean') return clean(value ? 'yes' : 'no');
  return clean(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/** A setting's name in words: `quota_requests` → `quota requests`, `review_every_seconds` → `review every`. */
export function settingLabel(name: string): Safe {
  return clean(name.replace(/_seconds$/, '').replace(/_/g, ' '));
}
