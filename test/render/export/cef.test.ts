import { describe, expect, it } from 'vitest';
import { cefLine } from '../../../src/render/export/cef.js';
import { entry, origin, payloads } from './payloads.js';

/**
 * A reader of CEF by its own rules (ArcSight, Common Event Format, revision 26: header fields end at a bar that has no backslash
 * before it; a value goes on until the blank before the next key, and a key ends at an equals sign without a backslash).
 */
function parseCef(text: string): { header: string[]; extension: Record<string, string> } {
  const header: string[] = [];
  let at = 0;
  while (header.length < 7) {
    const [whole, field = ''] = /^((?:[^\\|]|\\[\\|])*)\|/.exec(text.slice(at)) ?? [];
    if (whole === undefined) throw new Error(`no header: ${text}`);
    header.push(field.replace(/\\(.)/g, '$1'));
    at += whole.length;
  }
  const extension: Record<string, string> = {};
  const rest = text.slice(at).replace(/\n$/, '');
  for (const [, name = '', value = ''] of rest.matchAll(
    /(?:^| )(\w+)=((?:[^\\=]|\\[\\=nr])*?)(?= \w+=|$)/g,
  )) {
    if (name in extension) throw new Error(`twice: ${name}`);
    extension[name] = value.replace(
      /\\(.)/g,
      (_all, letter) => ({ n: '\n', r: '\r' })[letter as string] ?? letter,
    );
  }
  return { header, extension };
}

describe('a row of the audit log as CEF', () => {
  it('is one line with the seven fields, and CEF’s own names', () => {
    const text = cefLine(entry({ ticket: 'OPS-12', actorClaimed: 'bob' }), origin);
    expect(text.split('\n')).toEqual([text.slice(0, -1), '']);
    expect(parseCef(text)).toEqual({
      header: ['CEF:0', 'keyctl', 'keyctl', '1.2.3', 'key.revoked', 'key Delete', '5'],
      extension: {
        rt: String(Date.parse('2026-11-21T09:12:13.551Z')),
        externalId: '7',
        deviceExternalId: origin.databaseId,
        act: 'key.revoked',
        outcome: 'success',
        suser: 'jdoe',
        shost: 'bastion-1',
        duser: 'ops',
        cs1Label: 'keyId',
        cs1: 'key_7Q2mK9xZab3d',
        cs2Label: 'fingerprint',
        cs2: 'sha256:0011223344556677',
        cs5Label: 'correlationId',
        cs5: entry().operationId,
        cs6Label: 'hash',
        cs6: entry().hash,
        reason: 'leaked in acme/app',
        msg: 'alice-prod; ticket OPS-12; claims to be bob',
      },
    });
  });

  it('names both keys of a rotation', () => {
    const details = {
      rotation_id: 'rot_aaaaaaaaaaaa',
      old_fingerprint: 'sha256:01',
      new_key_id: 'key_aaaaaaaaaaaa',
      new_fingerprint: 'sha256:02',
    };
    const { extension } = parseCef(cefLine(entry({ action: 'rotation.activated', details }), origin));
    expect(extension).toMatchObject({ cs3: 'key_aaaaaaaaaaaa', cs4: 'sha256:02', cs5: 'rot_aaaaaaaaaaaa' });
  });

  it('leaves out what a row does not have', () => {
    const none = entry({
      keyId: null,
      keyName: null,
      fingerprint: null,
      host: null,
      actorOs: null,
      reason: null,
    });
    expect(Object.keys(parseCef(cefLine(none, origin)).extension)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(cs[1-4]|suser|shost|reason|msg)$/)]),
    );
  });

  it.each(payloads)('keeps in its value: %s', (_trick, text) => {
    const plain = parseCef(cefLine(entry(), origin));
    const hit = cefLine(
      entry({ reason: text, host: text, actorOs: text, actorDb: text, keyName: text }),
      origin,
    );
    expect(hit.endsWith('\n')).toBe(true);
    expect(hit.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
    const parsed = parseCef(hit);
    expect(parsed.header).toEqual(plain.header);
    // Every pair is one of ours, and those that nobody attacked say what they said.
    expect(Object.keys(parsed.extension)).toEqual(Object.keys(plain.extension));
    for (const name of ['act', 'externalId', 'cs1', 'cs1Label', 'cs6', 'rt'])
      expect(parsed.extension[name]).toBe(plain.extension[name]);
    if (/^[\x20-\x7e\r\n]*$/.test(text)) expect(parsed.extension.reason).toBe(text);
  });

  it.each(payloads)('an action cannot end a header field: %s', (_trick, text) => {
    const { header } = parseCef(cefLine(entry({ action: text }), origin));
    expect(header).toHaveLength(7);
    expect(header.slice(0, 4)).toEqual(['CEF:0', 'keyctl', 'keyctl', '1.2.3']);
    expect(header[6]).toMatch(/^\d+$/);
  });
});
