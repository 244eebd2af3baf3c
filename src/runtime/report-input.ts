import { StringDecoder } from 'node:string_decoder';
import { usageError } from '../domain/errors.js';
import { recordSplitter } from '../domain/json-records.js';
import type { KnownDigests } from '../domain/known-digests.js';
import type { Sighting } from '../domain/leak.js';
import { isScannerLog, readFinding } from '../domain/leak-report.js';
import type { Reader } from './log-input.js';
import { countedChunks, type LeakSource } from './text-input.js';

export const reportReader: Reader = {
  command: 'keyctl keys identify --from-report',
  example: 'keyctl keys identify --from-report gitleaks.json',
};

/** Longer than any finding; a finding with a whole minified file in it is still shorter. */
const longestRecord = 16 * 1024 * 1024;

/**
 * The tokens in a gitleaks or trufflehog report, each with the place that the report names.
 * While it is read, throws KeyctlError 2 when it is neither.
 */
export function reportSource(name: string, chunks: AsyncIterable<Uint8Array>): LeakSource {
  const gaps: string[] = [];
  const counted = countedChunks(chunks);
  async function* sightings(known: KnownDigests | null): AsyncGenerator<Sighting, void, void> {
    const state = { findings: 0, strangers: 0, hidden: 0 };
    for await (const text of recordTexts(name, counted.chunks)) {
      const record = parsed(text);
      const finding = readFinding(record, name, known);
      if (finding !== null) state.findings++;
      else if (!isScannerLog(record)) state.strangers++;
      if (finding?.hidden === true) state.hidden++;
      yield* finding?.sightings ?? [];
    }
    if (state.findings === 0 && state.strangers > 0) throw noReport(name);
    if (state.hidden > 0) {
      gaps.push(`${state.hidden} findings in ${name} hide their secrets: run gitleaks without --redact`);
    }
  }
  return { name, sightings, gaps, bytesRead: counted.bytesRead };
}

/** The texts of the records; what stands between them (trufflehog's banner) is passed over. */
async function* recordTexts(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, void> {
  const splitter = recordSplitter(longestRecord);
  const decoder = new StringDecoder('utf8');
  let beginning = '';
  let records = 0;
  try {
    for await (const chunk of chunks) {
      const text = decoder.write(Buffer.from(chunk));
      beginning ||= text.slice(0, 1000).trim();
      for (const record of splitter.push(text)) {
        records++;
        yield record;
      }
    }
  } catch (error) {
    if (error instanceof RangeError) throw noReport(name);
    throw brokenOff(name);
  }
  if (splitter.end() !== null) throw brokenOff(name);
  if (records === 0 && !/^(?:null|\[\s*\])?$/.test(beginning)) throw noReport(name);
}

function brokenOff(name: string) {
  return usageError(
    '--from-report',
    `${name} ends in the middle of a finding`,
    'let the scanner write it again',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function noReport(name: string) {
  return usageError(
    '--from-report',
    `${name} is neither a gitleaks nor a trufflehog JSON report`,
    `to search it as text: keyctl keys identify ${name}`,
  );
}
