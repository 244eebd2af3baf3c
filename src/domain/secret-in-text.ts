import type { Secret } from './secret.js';
import { bodyLength, locatorLength } from './token.js';

/** Bytes of the secret in a row that are no coincidence in a foreign text: 47 bits of chance. */
const windowBytes = 8;

/**
 * True when a text that others wrote (the output of a hook) seems to hold a part of the secret, as it is or in one of the
 * encodings that tools print things in: base64 at any alignment, hex, percent, UTF-16. Prefix and locator are public.
 */
export function mentionsSecret(text: string, secret: Secret): boolean {
  const hidden = secret.reveal().slice(locatorLength - bodyLength);
  // Tools break and space out what they print; percent and \x are hex with signs in it.
  const dense = text.replace(/[\s\0]/g, '');
  const hex = dense.replace(/%|\\x|0x|:/gi, '').toLowerCase();
  const base64 = dense.replace(/-/g, '+').replace(/_/g, '/');
  if (windows(hidden, windowBytes).some((part) => dense.includes(part))) return true;
  return [Buffer.from(hidden), Buffer.from(hidden, 'utf16le')].some(
    (bytes) =>
      windows(bytes.toString('hex'), 2 * windowBytes).some((part) => hex.includes(part)) ||
      [0, 1, 2].some((cut) => base64Windows(bytes.subarray(cut)).some((part) => base64.includes(part))),
  );
}

/** Whole groups of three bytes only: the last one may be mixed with what follows. */
function base64Windows(bytes: Uint8Array): string[] {
  const whole = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 3)));
  return windows(whole.toString('base64'), 12);
}

function windows(text: string, length: number): string[] {
  return Array.from({ length: Math.max(1, text.length - length + 1) }, (_, at) =>
    text.slice(at, at + length),
  );
}
