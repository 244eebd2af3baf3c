/** The files of a tar, by name, read by rules of its own: what is written is not what reads it back. */
export function readTar(bytes: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let at = 0;
  for (; bytes[at] !== 0; ) {
    const header = bytes.subarray(at, at + 512);
    const name = header.subarray(0, 100).toString('latin1').replace(/\0.*$/s, '');
    const size = Number.parseInt(header.subarray(124, 135).toString('latin1'), 8);
    const sum = Buffer.from(header)
      .fill(0x20, 148, 156)
      .reduce((total, byte) => total + byte, 0);
    if (Number.parseInt(header.subarray(148, 154).toString('latin1'), 8) !== sum)
      throw new Error(`${name}: the sum of its header is wrong`);
    if (header.subarray(257, 263).toString('latin1') !== 'ustar\0')
      throw new Error(`${name}: no ustar header`);
    if (files.has(name)) throw new Error(`${name} stands there twice`);
    files.set(name, Buffer.from(bytes.subarray(at + 512, at + 512 + size)));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  if (bytes.length - at !== 1024 || bytes.subarray(at).some((byte) => byte !== 0))
    throw new Error('it does not end in two blocks of zeros');
  return files;
}

/** The rows of a part of NDJSON. */
export function ndjson(part: Buffer | undefined): Record<string, unknown>[] {
  const lines = String(part).split('\n');
  if (lines.pop() !== '') throw new Error('the last row has no end');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
