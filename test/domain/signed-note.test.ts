import { describe, expect, it } from 'vitest';
import { notesOf, originOf, readCheckpoint, signCheckpoint } from '../../src/domain/checkpoint.js';
import { Secret } from '../../src/domain/secret.js';
import {
  newSignerText,
  parseNote,
  parseSigner,
  parseVerifier,
  signNote,
  verifyNote,
} from '../../src/domain/signed-note.js';

/** Key, text and signature of golang.org/x/mod/sumdb/note, note_test.go. */
const peter = {
  private: 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
  vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  signature:
    '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
};
const bytes = (text: string) => Buffer.from(text);
const note = `${peter.text}\n${peter.signature}`;
const verifier = parseVerifier(peter.vkey);

describe('signed notes', () => {
  it('are signed byte for byte as the reference implementation signs them', () => {
    const signer = parseSigner(new Secret(`${peter.private}\n`));
    expect(signer.vkey).toBe(peter.vkey);
    expect(signNote(peter.text, signer)).toBe(note);
  });

  it('verify by the key that signed them, also beside signatures of unknown keys', () => {
    const stranger = parseSigner(newSignerText('example.com/other', Buffer.alloc(32, 7)));
    const other = signNote(peter.text, stranger).slice(peter.text.length + 1);
    for (const text of [note, note + other, `${peter.text}\n${other}${peter.signature}`]) {
      const parsed = parseNote(bytes(text));
      expect(parsed.text).toBe(peter.text);
      expect(() => verifyNote(parsed, [verifier])).not.toThrow();
    }
    expect(() => verifyNote(parseNote(bytes(peter.text + other.replace(/^/, '\n'))), [verifier])).toThrow(
      'no signature by a known key',
    );
    expect(() => verifyNote(parseNote(bytes(note)), [])).toThrow('no signature by a known key');
  });

  it('fail when any one byte of them is another', () => {
    const good = bytes(note);
    for (let at = 0; at < good.length; at += 1) {
      const changed = Buffer.from(good);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => verifyNote(parseNote(changed), [verifier]), `byte ${at}`).toThrow();
    }
  });

  it.each([
    ['CRLF', note.replaceAll('\n', '\r\n'), 'CRLF'],
    ['one CR', note.replace('problem,\n', 'problem,\r\n'), 'CRLF'],
    ['no newline at the end', note.slice(0, -1), 'no newline at the end'],
    ['no blank line', peter.text + peter.signature, 'no blank line'],
    ['nothing after the blank line', `${peter.text}\n`, 'no signature'],
    ['text after the signature', `${note}and more\n`, 'no signature'],
    ['a blank line after the signature', `${note}\n`, 'no signature'],
    ['a NUL', note.replace('then', 'the\0n'), 'control character'],
    ['an escape', note.replace('then', '\x1b[2Jthen'), 'control character'],
    ['no base64', note.replace('x08go', 'x08g!'), 'not base64'],
    ['base64 without its padding', note.replace('AM=\n', 'AM\n'), 'not base64'],
    ['base64 with bits too many', note.replace('AM=\n', 'AN=\n'), 'not base64'],
    ['base64 of the URL kind', note.replace('go/Z', 'go_Z'), 'not base64'],
    ['a hyphen for the dash', note.replace('— ', '- '), 'no signature'],
    ['two blanks', note.replace('Neumann x08', 'Neumann  x08'), 'no signature'],
    ['a plus in the name', note.replace('— Peter', '— Peter+'), 'no signature'],
    ['nothing', '', 'no newline at the end'],
    ['too much', `${'x'.repeat(20_000)}\n\n${peter.signature}`, 'longer than'],
  ])('are refused with %s', (_what, text, problem) => {
    expect(() => verifyNote(parseNote(bytes(text)), [verifier])).toThrow(problem);
  });

  it('are refused when they are no UTF-8', () => {
    expect(() => parseNote(Buffer.concat([Buffer.of(0xff), bytes(note)]))).toThrow('not UTF-8');
  });

  it.each([
    ['id', peter.vkey.replace('c74f20a3', 'c74f20a4'), 'id'],
    ['name', peter.vkey.replace('Peter', 'Petra'), 'id'],
    ['key', peter.vkey.replace('ARpc', 'ARpd'), 'id'],
    ['algorithm', peter.vkey.replace('+ARpc', '+AhpC'), 'Ed25519'],
    ['length', `${peter.vkey}AAAA`, 'Ed25519'],
    ['form', peter.vkey.replace('+', ' '), 'NAME+KEYID'],
    ['nothing', '', 'NAME+KEYID'],
  ])('have public keys that are refused for a wrong %s', (_what, vkey, problem) => {
    expect(() => parseVerifier(vkey)).toThrow(problem);
  });

  it('never show a private key that is refused', () => {
    for (const text of [peter.vkey, peter.private.replace('c74f', 'c75f'), peter.private.slice(0, -4)]) {
      expect(() => parseSigner(new Secret(text))).toThrow(/^(?!.*(AYEK|ARpc))/);
    }
  });
});

describe('checkpoints', () => {
  const id = '018f3c2e-0000-7000-8000-000000000001';
  const signer = parseSigner(new Secret(peter.private));
  const hash = Buffer.alloc(32, 0xab);
  const good = signCheckpoint({ size: 42, hash }, id, signer);
  const resigned = (text: string) => signNote(text, signer);
  const base64 = hash.toString('base64');

  it('say origin, size and hash, each on a line', () => {
    expect(good.split('\n').slice(0, 4)).toEqual([originOf(id), '42', base64, '']);
    const read = readCheckpoint(bytes(good), id);
    expect({ size: read.size, hash: read.hash }).toEqual({ size: 42, hash });
    expect(() => read.verify([verifier])).not.toThrow();
  });

  it.each([
    ['another origin', resigned(`keyctl/audit/other\n42\n${base64}\n`), 'of another log'],
    ['a size with a zero before it', resigned(`${originOf(id)}\n042\n${base64}\n`), 'size'],
    ['a negative size', resigned(`${originOf(id)}\n-1\n${base64}\n`), 'size'],
    ['a size that no number holds', resigned(`${originOf(id)}\n9999999999999999\n${base64}\n`), 'size'],
    ['a size in hex', resigned(`${originOf(id)}\n0x2a\n${base64}\n`), 'size'],
    ['no size', resigned(`${originOf(id)}\n\n${base64}\n`), 'size'],
    ['a short hash', resigned(`${originOf(id)}\n42\nq6s=\n`), 'hash'],
    ['a hash that is no base64', resigned(`${originOf(id)}\n42\n${base64.replace('q', '*')}\n`), 'hash'],
    ['a line too many', resigned(`${originOf(id)}\n42\n${base64}\nmore\n`), '4 lines'],
    ['a line too few', resigned(`${originOf(id)}\n42\n`), '2 lines'],
  ])('are refused with %s, however well they are signed', (_what, text, problem) => {
    expect(() => readCheckpoint(bytes(text), id)).toThrow(problem);
  });

  it('are found one after the other in a file, and a torn one takes none with it', () => {
    const second = signCheckpoint({ size: 43, hash }, id, signer);
    const found = (text: string) => [...notesOf(bytes(text))].map(({ bytes: b, line }) => [`${b}`, line]);
    expect(found('')).toEqual([]);
    expect(found(good + second)).toEqual([
      [good, 1],
      [second, 6],
    ]);
    for (let cut = 1; cut < good.length; cut += 1) {
      const pieces = found(`${good.slice(0, cut)}\n${second}`);
      expect(pieces.at(-1)?.[0], `cut at ${cut}`).toBe(second);
      expect(pieces).toHaveLength(2);
    }
    expect(found(`${good}${second.slice(0, 20)}`)[0]).toEqual([good, 1]);
  });
});
