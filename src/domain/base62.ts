const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Bytes of this value and above are drawn again: 248 = 4 × 62, so every character is equally likely. */
const rejectFrom = 248;

/** Gives that many bytes from a cryptographic generator (`crypto.randomBytes`); tests hand in their own. */
export type RandomBytes = (length: number) => Uint8Array;

/** `length` characters of 0-9A-Za-z, each with log2(62) = 5.95 bits, drawn by rejection sampling. */
export function randomBase62(length: number, randomBytes: RandomBytes): string {
  let text = '';
  while (text.length < length) {
    // One byte in 32 is rejected; asking for what is missing ends after two or three rounds.
    for (const byte of randomBytes(length - text.length)) {
      if (byte < rejectFrom) text += alphabet[byte % 62];
    }
  }
  return text;
}

/** A whole number from 0 to 2^53-1 in base 62, zero padded on the left to `width` characters. */
export function encodeBase62(value: number, width: number): string {
  let text = '';
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) text = alphabet[rest % 62] + text;
  return text.padStart(width, '0');
}

/** The digit's value, 0 to 61, of a character code; -1 when it is no base62 character. */
export function base62Digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 65 && code <= 90) return code - 55;
  if (code >= 97 && code <= 122) return code - 61;
  return -1;
}
