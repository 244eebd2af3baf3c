import { type Reject, rejects } from './reject.js';

/** A moment as PostgreSQL takes it, never to be refused there: one bad time would cost the whole batch. */
export interface EventTime {
  /** RFC 3339 with up to six digits of a second. */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const earliest = Date.UTC(2000, 0, 1);
const dayMs = 86_400_000;
/** RFC 3339, with the blank of its note, the comma of ISO 8601 and the `+0200` of many loggers. The zone may be missing here. */
const timeForm =
  /^(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:([Zz])|([+-])(\d\d):?(\d\d))?$/;

/**
 * Reads the times of events. Takes RFC 3339 texts and numbers since 1970 in seconds, milliseconds, microseconds or
 * nanoseconds, told apart by their size, of which only one is between 2000 and tomorrow.
 * @param latest the first moment that is after tomorrow, in milliseconds since 1970
 */
export function eventTimes(latest: number): (value: unknown) => EventTime | Reject {
  const days = new Map<string, number | null>();
  /** Midnight of a date; null for 30 February. Logs stay in one day for long. */
  function midnight(date: string): number | null {
    const known = days.get(date);
    if (known !== undefined) return known;
    const ms = Date.parse(`${date}T00:00:00Z`);
    const found = Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(date) ? null : ms;
    if (days.size > 4000) days.clear();
    days.set(date, found);
    return found;
  }
  const inRange = (time: EventTime) =>
    time.at >= earliest && time.at < latest ? time : rejects.time_out_of_range;

  function ofText(text: string): EventTime | Reject {
    if (text.length > 40) return rejects.bad_time;
    const parts = timeForm.exec(text);
    if (parts === null)
      return /^\d{9,19}(?:\.\d{1,9})?$/.test(text) ? ofNumber(Number(text)) : rejects.bad_time;
    const [, date = '', hour = '', minute = '', second = '', fraction = '', utc, sign, east, minutesEast] =
      parts;
    const day = midnight(date);
    if (day === null || hour > '23' || minute > '59' || second > '60') return rejects.bad_time;
    let offsetMinutes = 0;
    if (utc === undefined) {
      // PostgreSQL knows no zone further away than this.
      if (sign === undefined || Number(east) > 15 || Number(minutesEast) > 59) return rejects.bad_time;
      offsetMinutes = (sign === '-' ? -1 : 1) * (Number(east) * 60 + Number(minutesEast));
    }
    const clockMs = Number(hour) * 3_600_000 + Number(minute) * 60_000 + Number(second) * 1000;
    const zone = utc === undefined ? `${sign}${east}:${minutesEast}` : 'Z';
    const point = fraction === '' ? '' : `.${fraction.slice(0, 6)}`;
    return inRange({
      text: `${date}T${hour}:${minute}:${second}${point}${zone}`,
      at: day + clockMs - offsetMinutes * 60_000 + Math.floor(Number(`0.${fraction || '0'}`) * 1000),
    });
  }

  function ofNumber(value: number): EventTime | Reject {
    if (!Number.isFinite(value)) return rejects.bad_time;
    const size = Math.abs(value);
    const perSecond = size < 1e11 ? 1 : size < 1e14 ? 1e3 : size < 1e17 ? 1e6 : 1e9;
    const micros = Math.round((value / perSecond) * 1e6);
    const at = Math.floor(micros / 1000);
    if (at < earliest || at >= latest) return rejects.time_out_of_range;
    const iso = new Date(at).toISOString();
    return { text: `${iso.slice(0, -1)}${String(micros % 1000).padStart(3, '0')}Z`, at };
  }

  return (value) => {
    if (typeof value === 'string') return value === '' ? rejects.no_time : ofText(value);
    if (typeof value === 'number') return ofNumber(value);
    return value === undefined || value === null ? rejects.no_time : rejects.bad_time;
  };
}

/** The first moment after tomorrow, UTC: midnight of the day after it. */
export function afterTomorrow(now: Date): number {
  return Math.floor(now.getTime() / dayMs) * dayMs + 2 * dayMs;
}
