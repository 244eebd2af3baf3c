import {
  NoteRefused,
  type NoteSigner,
  type NoteVerifier,
  parseNote,
  signNote,
  strictBase64,
  verifyNote,
} from './signed-note.js';

/** How long the audit log was, and the hash of its last row. */
export interface Checkpoint {
  readonly size: number;
  /** 32 bytes; of size 0 the hash that the chain starts from. */
  readonly hash: Uint8Array;
}

/**
 * Which log a checkpoint is of. A copy of a database has the id of the first, on purpose: once both go on, each
 * one's checkpoints tell that they are not the same log any more.
 */
export function originOf(databaseId: string): string {
  return `keyctl/audit/${databaseId}`;
}

/**
 * A checkpoint as C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint) writes it: origin, size, hash, each on a line, signed as a
 * note. The third line is the head of a hash chain, not the root of a Merkle tree: the format is shared, its proofs are not.
 */
export function signCheckpoint({ size, hash }: Checkpoint, databaseId: string, signer: NoteSigner): string {
  const text = `${originOf(databaseId)}\n${size}\n${Buffer.from(hash).toString('base64')}\n`;
  return signNote(text, signer);
}

/**
 * What a checkpoint of this log says, before its signature is looked at.
 * @throws NoteRefused for anything but exactly one checkpoint of exactly this log
 */
export function readCheckpoint(
  note: Uint8Array,
  databaseId: string,
): Checkpoint & { verify(verifiers: readonly NoteVerifier[]): void } {
  const parsed = parseNote(note);
  const lines = parsed.text.slice(0, -1).split('\n');
  const [origin = '', size = '', base64 = ''] = lines;
  if (lines.length !== 3)
    throw new NoteRefused(`${lines.length} lines of text, and not origin, size and hash`);
  if (origin !== originOf(databaseId))
    throw new NoteRefused(`of another log: its origin is ${origin}, and not ${originOf(databaseId)}`);
  if (!/^(0|[1-9]\d{0,15})$/.test(size) || !Number.isSafeInteger(Number(size)))
    throw new NoteRefused('its size is no number');
  const hash = strictBase64(base64);
  if (hash?.length !== 32) throw new NoteRefused('its hash is not the base64 of 32 bytes');
  return { size: Number(size), hash, verify: (verifiers) => verifyNote(parsed, verifiers) };
}

/** A note in a file of many, and the line it begins on. */
export interface NoteInFile {
  readonly bytes: Uint8Array;
  readonly line: number;
}

/**
 * Cuts a file of checkpoints, one after the other, into notes. One ends before the first line after its signatures that is
 * no signature, and where another origin begins: a note that was torn by a power cut takes none with it. What is no
 * note comes out as a piece that `readCheckpoint` refuses.
 */
export function* notesOf(file: Uint8Array): Generator<NoteInFile, void, void> {
  let start = 0;
  let startLine = 1;
  let signed = false;
  for (let at = 0, line = 1; at < file.length; line += 1) {
    const isSignature = beginsWith(file, at, dash);
    if (at > start && ((signed && !isSignature) || beginsWith(file, at, originStart))) {
      yield { bytes: file.subarray(start, at), line: startLine };
      [start, startLine] = [at, line];
    }
    signed = isSignature;
    const newline = file.indexOf(0x0a, at);
    at = newline < 0 ? file.length : newline + 1;
  }
  if (start < file.length) yield { bytes: file.subarray(start), line: startLine };
}

const dash = Buffer.from('— ');
const originStart = Buffer.from(originOf(''));

function beginsWith(file: Uint8Array, at: number, expected: Buffer): boolean {
  for (let i = 0; i < expected.length; i += 1) if (file[at + i] !== expected[i]) return false;
  return true;
}
