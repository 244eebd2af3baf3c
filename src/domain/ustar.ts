/** Files of a tar begin at multiples of this. */
export const tarBlock = 512;

/** What eleven octal digits hold: 8 GiB less one byte. */
const largestOctal = 8 ** 11 - 1;

export interface TarEntry {
  /** ASCII, at most 100 bytes. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly modifiedAt: Date;
}

/**
 * The header before a regular file of a tar (POSIX.1-1988 ustar; IEEE 1003.1, pax, "ustar Interchange Format"): owned by
 * nobody, readable by its owner alone. It says everything in one way only, so that whoever knows name, size and time can tell
 * that no byte of it was changed. A size that its eleven octal digits cannot hold is binary, as GNU tar, bsdtar and star write it.
 * @throws RangeError for a name or size that no header holds
 */
export function ustarHeader({ name, size, modifiedAt }: TarEntry): Uint8Array {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) throw new RangeError('a name that a tar header does not hold');
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('a size that a tar header does not hold');
  const header = Buffer.alloc(tarBlock);
  header.write(name, 0, 'latin1');
  octal(header, { at: 100, digits: 7 }, 0o600);
  octal(header, { at: 108, digits: 7 }, 0);
  octal(header, { at: 116, digits: 7 }, 0);
  if (size <= largestOctal) octal(header, { at: 124, digits: 11 }, size);
  else {
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  octal(header, { at: 136, digits: 11 }, Math.floor(modifiedAt.getTime() / 1000));
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  octal(header, { at: 329, digits: 7 }, 0);
  octal(header, { at: 337, digits: 7 }, 0);
  // The sum counts its own field as blanks.
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function octal(
  header: Buffer,
  { at, digits }: { readonly at: number; readonly digits: number },
  value: number,
): void {
  header.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
}

/** The zeros after a file of so many bytes, up to the next block. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((tarBlock - (size % tarBlock)) % tarBlock);
}

/** Two blocks of zeros: nothing comes any more. */
export const tarEnd: Uint8Array = new Uint8Array(2 * tarBlock);
