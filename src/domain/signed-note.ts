import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { Secret } from './secret.js';

/**
 * Signed notes with Ed25519: C2SP signed-note (c2sp.org/signed-note). Keys are written as golang.org/x/mod/sumdb/note writes
 * them, so that other tools take them: `NAME+KEYID+BASE64(0x01 || key)`, and `PRIVATE+KEY+` before a private one.
 */
export interface NoteSigner {
  readonly name: string;
  readonly keyId: Buffer;
  readonly privateKey: KeyObject;
  /** What others need to check its signatures; public. */
  readonly vkey: string;
}

export interface NoteVerifier {
  readonly name: string;
  readonly keyId: Buffer;
  readonly publicKey: KeyObject;
}

/** Says in one line why a note or a key is not taken. */
export class NoteRefused extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'NoteRefused';
  }
}

const ed25519 = 0x01;
const privatePrefix = 'PRIVATE+KEY+';
/** DER around the 32 bytes of a key (RFC 8410). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const spki = Buffer.from('302a300506032b6570032100', 'hex');
const longestNote = 16 * 1024;

/** A key pair made of 32 random bytes; the text is what its file holds, one line. */
export function newSignerText(name: string, seed: Uint8Array): Secret {
  const { keyId } = signerOf(name, seed);
  const key = Buffer.concat([Buffer.of(ed25519), seed]).toString('base64');
  return new Secret(`${privatePrefix}${name}+${keyId.toString('hex')}+${key}\n`);
}

/** @throws NoteRefused when the text is no such key; the message shows nothing of it */
export function parseSigner(text: Secret): NoteSigner {
  const line = text.reveal().replace(/\n$/, '');
  if (!line.startsWith(privatePrefix)) throw new NoteRefused('not a private key of a signed note');
  const { name, keyId, key } = keyParts(line.slice(privatePrefix.length));
  const signer = signerOf(name, key);
  if (!signer.keyId.equals(keyId))
    throw new NoteRefused('the key does not have the id that stands before it');
  return signer;
}

/** @throws NoteRefused when the text is no public key of a signed note */
export function parseVerifier(vkey: string): NoteVerifier {
  const { name, keyId, key } = keyParts(vkey);
  if (!keyIdOf(name, key).equals(keyId))
    throw new NoteRefused('the key does not have the id that stands before it');
  return { name, keyId, publicKey: publicKeyOf(key) };
}

/** The note: text, a blank line, one signature. The text ends in a newline. */
export function signNote(text: string, { name, keyId, privateKey }: NoteSigner): string {
  const signature = signBytes(null, Buffer.from(text), privateKey);
  return `${text}\n— ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;
}

/** A note taken apart; nothing of it is believed yet. */
export interface UnverifiedNote {
  readonly text: string;
  readonly signatures: readonly {
    readonly name: string;
    readonly keyId: Buffer;
    readonly signature: Buffer;
  }[];
}

/** @throws NoteRefused when the bytes are no signed note, to the last of them */
export function parseNote(bytes: Uint8Array): UnverifiedNote {
  if (bytes.length > longestNote) throw new NoteRefused(`longer than ${longestNote} bytes`);
  const whole = wellFormedText(bytes);
  const split = whole.lastIndexOf('\n\n');
  if (split < 0) throw new NoteRefused('no blank line between text and signatures');
  const lines = whole.slice(split + 2, -1).split('\n');
  return { text: whole.slice(0, split + 1), signatures: lines.map(signatureOf) };
}

function wellFormedText(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NoteRefused('not UTF-8');
  }
  if (text.includes('\r')) throw new NoteRefused('lines end in CRLF; a note has LF only');
  if (!text.endsWith('\n')) throw new NoteRefused('no newline at the end');
  // C2SP: no ASCII control characters other than newline.
  if (/[^\P{Cc}\n]/u.test(text)) throw new NoteRefused('a control character');
  return text;
}

function signatureOf(line: string): UnverifiedNote['signatures'][number] {
  const [, name = '', base64 = ''] = /^— ([^\s+]+) (\S+)$/u.exec(line) ?? [];
  if (name === '') throw new NoteRefused('after the blank line stands what is no signature');
  const bytes = strictBase64(base64);
  if (bytes === null || bytes.length <= 4) throw new NoteRefused('a signature that is not base64');
  return { name, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

/**
 * Signatures of unknown keys are ignored, one of a known key that does not fit refuses the note, and at least one must fit.
 * @throws NoteRefused
 */
export function verifyNote({ text, signatures }: UnverifiedNote, verifiers: readonly NoteVerifier[]): void {
  let verified = 0;
  for (const { name, keyId, signature } of signatures) {
    const known = verifiers.filter((each) => each.name === name && each.keyId.equals(keyId));
    for (const { publicKey } of known) {
      if (!verifyBytes(null, Buffer.from(text), publicKey, signature))
        throw new NoteRefused(`the signature of ${name} does not fit`);
      verified += 1;
    }
  }
  if (verified === 0) throw new NoteRefused('no signature by a known key');
}

/** The bytes of canonical base64 (RFC 4648, section 4), or null: Node’s own reading passes over what is wrong. */
export function strictBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

function keyParts(text: string): { name: string; keyId: Buffer; key: Buffer } {
  const [, name = '', id = '', base64 = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(text) ?? [];
  const bytes = strictBase64(base64);
  if (name === '' || bytes === null) throw new NoteRefused('not of the form NAME+KEYID+BASE64');
  if (bytes.length !== 33 || bytes[0] !== ed25519) throw new NoteRefused('not an Ed25519 key');
  return { name, keyId: Buffer.from(id, 'hex'), key: bytes.subarray(1) };
}

function signerOf(name: string, seed: Uint8Array): NoteSigner {
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' });
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const key = der.subarray(spki.length);
  const keyId = keyIdOf(name, key);
  const encoded = Buffer.concat([Buffer.of(ed25519), key]).toString('base64');
  return { name, keyId, privateKey, vkey: `${name}+${keyId.toString('hex')}+${encoded}` };
}

function publicKeyOf(key: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spki, key]), format: 'der', type: 'spki' });
}

/** SHA-256(name || 0x0A || 0x01 || key)[:4]. */
function keyIdOf(name: string, key: Uint8Array): Buffer {
  const digest = createHash('sha256').update(`${name}\n`).update(Buffer.of(ed25519)).update(key).digest();
  return digest.subarray(0, 4);
}
