import { isoTime } from '../../../domain/stored-time.js';
import { clean, line, type Safe } from '../../terminal-text.js';

/** What the database keeps of a step: written by us, and by whoever could write to it. */
export type Stored = Readonly<Record<string, unknown>>;

/** A list of objects; empty for anything else. */
export function listOf(value: unknown): readonly Stored[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

/** An object; an empty one for anything else. */
export function objectOf(value: unknown): Stored {
  return typeof value === 'object' && value !== null ? (value as Stored) : {};
}

/** A list of texts, cleaned. */
export function textsOf(value: unknown): Safe[] {
  return Array.isArray(value) ? value.map(text) : [];
}

/** Whatever it is, as a clean text; nothing for nothing. */
export function text(value: unknown): Safe {
  if (value === null || value === undefined) return line``;
  return clean(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/** A number; 0 for anything else. */
export function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

/** A moment to the second in UTC; what is none is shown as it is. */
export function when(value: unknown): Safe {
  try {
    return clean(`${isoTime(String(value)).slice(0, 19)}Z`);
  } catch {
    return text(value);
  }
}
