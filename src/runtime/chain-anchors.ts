import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Anchor } from '../domain/chain-anchors.js';
import { notesOf, readCheckpoint } from '../domain/checkpoint.js';
import { exitCodes, KeyctlError, usageError } from '../domain/errors.js';
import { NoteRefused, type NoteVerifier } from '../domain/signed-note.js';
import { checkpointSettings, readSigner, sinkPaths, verifiersOf } from './checkpoint-settings.js';
import { memoryPath, readMemory, writeMemory } from './head-memory.js';
import type { Runtime } from './runtime.js';

/** A checkpoint that was found and is not believed. */
interface RefusedCheckpoint {
  readonly source: string;
  readonly problem: string;
}

export interface FoundAnchors {
  readonly anchors: readonly Anchor[];
  /** Grows while the anchors are asked whether they are believable. */
  readonly refused: readonly RefusedCheckpoint[];
  /** What this machine remembers; to be taken away when it is known to come from another history. */
  readonly memory: string | null;
}

/**
 * Everything on this machine that the log of a database must have passed: what was remembered, the checkpoints in every
 * sink, and those of the file that was named.
 * @param named of `--checkpoint`; every checkpoint in it has to be good
 * @throws KeyctlError 7 when one of them is not, 2 when it cannot be read, 78 for keys that cannot be used
 */
export function chainAnchors(rt: Runtime, databaseId: string, named: string | undefined): FoundAnchors {
  const settings = checkpointSettings(rt);
  const verifiers = verifiersOf(settings, readSigner(rt, settings));
  const refused: RefusedCheckpoint[] = [];
  const memory = memoryPath(rt.machine, databaseId);
  const remembered = (readMemory(memory)?.heads ?? []).map(
    ({ seq, hash, at }): Anchor => ({
      kind: 'remembered',
      size: seq,
      hash: Buffer.from(hash, 'hex'),
      source: `${at}, by this machine`,
      believable: () => true,
    }),
  );
  const inSinks = sinkPaths(settings, databaseId).flatMap((path) => [
    ...anchorsIn(path, readEnd(path) ?? Buffer.alloc(0), { databaseId, verifiers, refused }),
  ]);
  return {
    anchors: [...remembered, ...inSinks, ...namedAnchors(rt, databaseId, { named, verifiers })],
    refused,
    memory,
  };
}

/** After a walk without a fault: what was remembered is confirmed, and a gap that was noted has closed. */
export function confirmMemory(rt: Runtime, path: string | null, head: { seq: number; hash: string }): void {
  writeMemory(rt.machine, path, { heads: [{ ...head, at: rt.machine.now().toISOString() }], gap: null });
}

interface Reading {
  readonly databaseId: string;
  readonly verifiers: readonly NoteVerifier[];
  readonly refused: RefusedCheckpoint[];
}

function* anchorsIn(path: string, file: Uint8Array, reading: Reading): Generator<Anchor, void, void> {
  const { databaseId, verifiers, refused } = reading;
  for (const { bytes, line } of notesOf(file)) {
    const source = `${path}, line ${line}`;
    try {
      const { size, hash, verify } = readCheckpoint(bytes, databaseId);
      const believable = once(() => isGood(() => verify(verifiers), source, refused));
      yield { kind: 'checkpoint', size, hash, source, believable };
    } catch (error) {
      if (!(error instanceof NoteRefused)) throw error;
      // A file may be the sink of several databases.
      if (!error.message.startsWith('of another log')) refused.push({ source, problem: error.message });
    }
  }
}

function isGood(verify: () => void, source: string, refused: RefusedCheckpoint[]): boolean {
  try {
    verify();
    return true;
  } catch (error) {
    if (!(error instanceof NoteRefused)) throw error;
    refused.push({ source, problem: error.message });
    return false;
  }
}

function once(ask: () => boolean): () => boolean {
  let answer: boolean | null = null;
  return () => {
    answer ??= ask();
    return answer;
  };
}

function namedAnchors(
  { machine }: Runtime,
  databaseId: string,
  { named, verifiers }: { named: string | undefined; verifiers: readonly NoteVerifier[] },
): Anchor[] {
  if (named === undefined) return [];
  const file = readEnd(resolve(machine.workingDirectory, named));
  if (file === null)
    throw usageError('--checkpoint', `${named} cannot be read`, '--checkpoint checkpoint.txt');
  const refuse = (problem: string, line: number): KeyctlError =>
    new KeyctlError({
      code: 'bad_checkpoint',
      message: `--checkpoint ${named}, line ${line}: ${problem}`,
      hint: 'KEYCTL_CHECKPOINT_VKEYS=VKEY names the key that signed it; keyctl audit checkpoint prints its own',
      exitCode: exitCodes.check,
    });
  if (file.length === 0) throw refuse('there is no checkpoint in it', 1);
  return [...notesOf(file)].map(({ bytes, line }): Anchor => {
    try {
      const { size, hash, verify } = readCheckpoint(bytes, databaseId);
      verify(verifiers);
      const source = `${named}, line ${line}`;
      return { kind: 'checkpoint', size, hash, source, believable: () => true };
    } catch (error) {
      throw error instanceof NoteRefused ? refuse(error.message, line) : error;
    }
  });
}

/** Some 65,000 checkpoints; of a longer file the older ones are left aside, so that memory stays bounded. */
const mostBytes = 16 * 1024 * 1024;

function readEnd(path: string): Buffer | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, mostBytes));
    const read = readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const cut = size > mostBytes ? bytes.indexOf('\nkeyctl/audit/') + 1 : 0;
    return bytes.subarray(cut, read);
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}
