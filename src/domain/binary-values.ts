const encode = (text: string) => new TextEncoder().encode(text);

/** The digits of hex text, as bytes. */
export const hexDigits = encode('0123456789abcdef');

/** A bigint, as a number: the chain is gapless, so a seq past 2^53 is wrong before it is inexact. */
export function integerAt(bytes: Uint8Array, at: number): number {
  let high = 0;
  let low = 0;
  for (let i = 0; i < 4; i += 1) {
    high = (high << 8) | (bytes[at + i] ?? 0);
    low = (low << 8) | (bytes[at + 4 + i] ?? 0);
  }
  return high * 2 ** 32 + (low >>> 0);
}

/** The text of the uuid whose 16 bytes stand there. */
export function uuidAt(bytes: Uint8Array, at: number): string {
  let text = '';
  for (let i = 0; i < 16; i += 1) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-';
    const code = bytes[at + i] ?? 0;
    text += String.fromCharCode(hexDigits[code >> 4] ?? 0, hexDigits[code & 15] ?? 0);
  }
  return text;
}

const dayMicros = 86_400_000_000;
/** 1970 to 2000, where PostgreSQL's count begins. */
const epochMicros = 946_684_800_000_000;
const timeText = encode('0000-00-00T00:00:00.000000Z');
let timeDay = Number.NaN;

/** A timestamptz as the record has it, with microseconds (a Date drops them, F31). The array is reused by the next call. */
export function timeAt(bytes: Uint8Array, at: number): Uint8Array {
  const micros = integerAt(bytes, at) + epochMicros;
  const day = Math.floor(micros / dayMicros);
  if (day !== timeDay) {
    timeDay = day;
    const date = new Date(day * 86_400_000);
    // `infinity` and years of five digits are no time that the kernel writes; they match nothing.
    const text = Number.isNaN(date.getTime()) ? '0000-00-00' : date.toISOString().slice(0, 10);
    timeText.set(encode(text));
  }
  const rest = micros - day * dayMicros;
  const seconds = Math.floor(rest / 1_000_000);
  putDigits(11, 2, Math.floor(seconds / 3600));
  putDigits(14, 2, Math.floor(seconds / 60) % 60);
  putDigits(17, 2, seconds % 60);
  putDigits(20, 6, rest - seconds * 1_000_000);
  return timeText;
}

function putDigits(at: number, count: number, value: number): void {
  let rest = value;
  for (let i = at + count - 1; i >= at; i -= 1) {
    timeText[i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
