import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A series of the Numenta Anomaly Benchmark with its labelled windows; times are milliseconds since 1970. */
export interface NabSeries {
  /** `realTweets/Twitter_volume_AAPL.csv` */
  readonly name: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
  readonly windows: readonly (readonly [from: number, until: number])[];
}

/** Reads `DIR/data/GROUP__NAME.csv.gz` (or `.csv`) and `DIR/windows.json`, in the order of names. */
export async function readNab(directory: string): Promise<readonly NabSeries[]> {
  const labels = JSON.parse(await readFile(join(directory, 'windows.json'), 'utf8')) as Record<
    string,
    readonly (readonly [string, string])[]
  >;
  const files = (await readdir(join(directory, 'data')))
    .filter((file) => /\.csv(\.gz)?$/.test(file))
    .toSorted();
  return await Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(join(directory, 'data', file));
      const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      const name = basename(file).replace(/\.gz$/, '').replace('__', '/');
      const windows = (labels[name] ?? []).map(
        ([from, until]) => [instantOf(from), instantOf(until)] as const,
      );
      return { name, points: pointsOf(text), windows };
    }),
  );
}

function pointsOf(text: string): NabSeries['points'] {
  return text
    .split('\n')
    .slice(1)
    .filter((row) => row.includes(','))
    .map((row) => {
      const [time = '', value = ''] = row.split(',');
      return { at: instantOf(time), value: Number(value) };
    });
}

/** The benchmark's times have no zone and six digits behind the second. */
function instantOf(text: string): number {
  return Date.parse(
    `${text
      .trim()
      .replace(' ', 'T')
      .replace(/\.(\d{3})\d*$/, '.$1')}Z`,
  );
}
