/**
 * RFC 3339 in UTC with milliseconds, of what PostgreSQL writes: `2026-11-21 09:12:13.551105+00` or its JSON form.
 * Sessions run with TimeZone UTC, so the offset is always +00. Throws RangeError for anything else.
 */
export function isoTime(text: string): string;
export function isoTime(text: string | null): string | null;
export function isoTime(text: string | null): string | null {
  if (text === null) return null;
  const { second, fraction } = timeOf(text);
  return `${second}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
}

/** The same with the microseconds that are stored, as the hashed record has them (F31). */
export function isoMicros(text: string): string {
  const { second, fraction } = timeOf(text);
  return `${second}.${fraction.padEnd(6, '0')}Z`;
}

function timeOf(text: string): { second: string; fraction: string } {
  const [, day, clock, fraction = ''] = /^(\d+-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?/.exec(text) ?? [];
  if (day === undefined || clock === undefined) throw new RangeError('not a time of PostgreSQL');
  return { second: `${day}T${clock}`, fraction };
}
