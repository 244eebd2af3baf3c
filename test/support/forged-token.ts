import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A token with the same prefix and locator, another secret part and a right checksum: anybody can make one. */
export function forgedToken(token: string): string {
  const unsigned = token.slice(0, -52) + 'x'.repeat(46);
  let checksum = '';
  for (let rest = crc32(unsigned); rest > 0; rest = Math.floor(rest / 62))
    checksum = digits[rest % 62] + checksum;
  return unsigned + checksum.padStart(6, '0');
}
