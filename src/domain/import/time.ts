import { parseInstant } from '../instant.js';

/** A moment as PostgreSQL takes it, to the microsecond, so that what is imported is what stood in the file. */
export interface ImportedTime {
  readonly text: string;
  readonly at: Date;
}

/** A date, RFC 3339, or what COPY writes: `2026-08-20 03:12:09.123456+00`. A zone is a must, and may be hours alone. */
const form = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d(?::?\d\d)?))?$/;

/** Null when the text is no moment, or does not say its zone. */
export function importedTime(text: string): ImportedTime | null {
  const [, day, clock = '00:00:00', fraction = '', zone = 'Z'] = form.exec(text) ?? [];
  if (day === undefined) return null;
  const [, hours, minutes = '00'] = /^([+-]\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const offset = hours === undefined ? 'Z' : `${hours}:${minutes}`;
  try {
    const at = parseInstant('time', `${day}T${clock}${offset}`, new Date(0));
    const point = fraction === '' ? '' : `.${fraction.slice(0, 6)}`;
    return { text: `${day}T${clock}${point}${offset}`, at };
  } catch {
    return null;
  }
}
