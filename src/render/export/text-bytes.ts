/**
 * One line a row as UTF-8, good until the next call. Each line is written into one buffer, which is used again, as soon as it is
 * made: lines that wait for each other live long enough to be collected late, which costs tens of megabytes.
 */
export function textBytes<Row>(lineOf: (row: Row) => string): (rows: readonly Row[]) => Uint8Array {
  const utf8 = new TextEncoder();
  let out = new Uint8Array(64 * 1024);
  return (rows) => {
    let at = 0;
    for (const row of rows) {
      const line = lineOf(row);
      // A UTF-16 unit becomes three bytes at most.
      const end = at + 3 * line.length;
      if (end > out.length) {
        const larger = new Uint8Array(2 * end);
        larger.set(out.subarray(0, at));
        out = larger;
      }
      at += utf8.encodeInto(line, out.subarray(at)).written;
    }
    return out.subarray(0, at);
  };
}
