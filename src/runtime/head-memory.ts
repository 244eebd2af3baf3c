import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.js';
import { replaceFile, stateDirectory } from './state-directory.js';

/** A head of an audit log that this machine saw: rows, hash in hex, when. */
export interface SeenHead {
  readonly seq: number;
  readonly hash: string;
  readonly at: string;
}

/** What this machine remembers of one database. */
export interface HeadMemory {
  /** Ascending; the last is the longest log that was seen. */
  readonly heads: readonly SeenHead[];
  /** A log that was shorter than remembered, or another: found by an earlier command, and not looked into since. */
  readonly gap: { readonly rememberedSeq: number; readonly foundSeq: number; readonly at: string } | null;
}

const nothing: HeadMemory = { heads: [], gap: null };

/** Older ones go; `audit verify` looks at all that are left. */
const kept = 64;

const idForm = /^[0-9a-f-]{36}$/;

/** The file of one database; null where nothing can be kept. */
export function memoryPath(machine: Machine, databaseId: string): string | null {
  const directory = stateDirectory(machine);
  return directory === null || !idForm.test(databaseId)
    ? null
    : join(directory, 'heads', `${databaseId}.json`);
}

/** What is remembered; nothing when there is no file, `null` when there is one that cannot be read as such. */
export function readMemory(path: string | null): HeadMemory | null {
  if (path === null) return nothing;
  let text: string;
  try {
    if (statSync(path).size > 64 * 1024) return null;
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? nothing : null;
  }
  try {
    const value = JSON.parse(text) as HeadMemory;
    const sound =
      value.heads.every(({ seq, hash }) => Number.isSafeInteger(seq) && /^[0-9a-f]{64}$/.test(hash)) &&
      (value.gap === null || Number.isSafeInteger(value.gap.rememberedSeq));
    return sound ? value : null;
  } catch {
    return null;
  }
}

/**
 * Adds a head. Of two commands at once the later one’s memory stays, which may be the shorter: both are true.
 * @returns false when it could not be kept: a read-only home, say
 */
export function writeMemory(machine: Machine, path: string | null, memory: HeadMemory): boolean {
  const directory = stateDirectory(machine);
  if (path === null || directory === null) return false;
  const heads = memory.heads.slice(-kept);
  try {
    const text = `${JSON.stringify({ heads, gap: memory.gap }, null, 1)}\n`;
    const draft = `${path}.${Buffer.from(machine.randomBytes(8)).toString('hex')}`;
    replaceFile(path, join(directory, 'heads'), text, draft);
    return true;
  } catch {
    return false;
  }
}
