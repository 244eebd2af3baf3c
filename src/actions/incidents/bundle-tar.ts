import { createHash } from 'node:crypto';
import { tarBlock, tarEnd, tarPadding, ustarHeader } from '../../domain/ustar.js';

/** A file that is being written, and can be written over where it was. */
export interface TarTarget {
  /** Behind what was written; resolves when the bytes are no longer needed. */
  write(bytes: Uint8Array): Promise<void>;
  overwrite(bytes: Uint8Array, at: number): Promise<void>;
}

/** A part as the manifest names it. */
export interface PartSum {
  readonly name: string;
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
}

export type PutBytes = (bytes: Uint8Array) => Promise<void>;

export interface TarWriter {
  /** One file, as long as `fill` makes it. */
  part(name: string, fill: (put: PutBytes) => Promise<void>): Promise<PartSum>;
  end(): Promise<void>;
}

/**
 * Writes a tar whose parts are streamed out of the database: how long one is stands in the header before it and is known
 * after it. So the header is left out, and written over its blanks when its part is there: nothing is kept in
 * memory or written twice. (tar-stream, as every writer of a pure stream, wants the size first, which costs a second copy
 * of the largest part on the disk.)
 * @param about the directory that the parts are in, and the time that they all have
 */
export function tarWriter(
  target: TarTarget,
  about: { readonly directory: string; readonly modifiedAt: Date },
): TarWriter {
  const { directory, modifiedAt } = about;
  let end = 0;
  const write = async (bytes: Uint8Array) => {
    await target.write(bytes);
    end += bytes.length;
  };
  return {
    async part(name, fill) {
      const start = end;
      await write(new Uint8Array(tarBlock));
      const sum = createHash('sha256');
      await fill(async (bytes) => {
        sum.update(bytes);
        await write(bytes);
      });
      const size = end - start - tarBlock;
      await write(tarPadding(size));
      await target.overwrite(ustarHeader({ name: `${directory}/${name}`, size, modifiedAt }), start);
      return { name, size, sha256: sum.digest('hex') };
    },
    end: () => write(tarEnd),
  };
}
