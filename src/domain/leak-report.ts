import type { KnownDigests } from './known-digests.js';
import type { Place, Sighting } from './leak.js';
import { allTokensIn } from './text-scan.js';
import type { FoundToken } from './token-scan.js';

type Fields = Readonly<Record<string, unknown>>;

export interface ReportFinding {
  readonly sightings: readonly Sighting[];
  /** The scanner was told to hide what it found, so that nothing can be found in it either. */
  readonly hidden: boolean;
}

/**
 * The tokens of ours in one record of a gitleaks or trufflehog report, each once: both repeat the secret in several
 * fields. Null when the record is no finding of either.
 * Formats: github.com/gitleaks/gitleaks report/finding.go; github.com/trufflesecurity/trufflehog pkg/output/json.go.
 */
export function readFinding(
  record: unknown,
  report: string,
  known: KnownDigests | null = null,
): ReportFinding | null {
  if (!isFields(record)) return null;
  const place = gitleaksPlace(record, report) ?? trufflehogPlace(record, report);
  if (place === null) return null;
  const byKey = new Map<string, FoundToken>();
  for (const text of textsIn(record)) {
    for (const found of allTokensIn(text, known)) {
      const key = found.token?.reveal() ?? found.id;
      // The same token, whole in one field and cut in another, is one token.
      if (found.kind === 'full') byKey.delete(found.id);
      else if (found.kind === 'redacted' && [...byKey.values()].some((other) => other.id === found.id))
        continue;
      if (!byKey.has(key)) byKey.set(key, found);
    }
  }
  return {
    sightings: [...byKey.values()].map((found) => ({ found, place })),
    hidden: byKey.size === 0 && (record.Secret === 'REDACTED' || record.Secret === 'REDACT'),
  };
}

/** A line of trufflehog's own log, which stands between its findings when both streams go into one file. */
export function isScannerLog(record: unknown): boolean {
  return isFields(record) && 'level' in record && 'msg' in record;
}

function gitleaksPlace(record: Fields, report: string): Place | null {
  if (!('RuleID' in record) || !('File' in record)) return null;
  return {
    kind: 'report',
    source: report,
    commit: textOf(record.Commit),
    path: textOf(record.File),
    object: null,
    line: numberOf(record.StartLine),
    column: numberOf(record.StartColumn),
  };
}

/** trufflehog names the place under the kind of its source: Git, Github, Filesystem, S3, Docker, Slack … */
function trufflehogPlace(record: Fields, report: string): Place | null {
  if (!('DetectorName' in record) || !('SourceMetadata' in record)) return null;
  const data = isFields(record.SourceMetadata) ? record.SourceMetadata.Data : null;
  const source = isFields(data) ? Object.values(data).find(isFields) : undefined;
  const first = (...names: readonly string[]) =>
    names.map((name) => textOf(source?.[name])).find((text) => text !== null) ?? null;
  return {
    kind: 'report',
    source: first('repository', 'bucket', 'image') ?? report,
    commit: first('commit'),
    path: first('file', 'filename', 'path', 'link'),
    object: null,
    line: numberOf(source?.line),
    column: null,
  };
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isFields(value) ? Object.values(value).flatMap(textsIn) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** gitleaks counts a line of 0 where it knows none. */
function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : null;
}
