import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { mentionsSecret } from '../../src/domain/secret-in-text.js';
import { mintToken } from '../../src/domain/token.js';
import { encodings } from '../support/canary.js';

const { token, locator } = mintToken('fie_alice', (size) => randomBytes(size));
const secret = token.reveal();

describe('a secret in a foreign text', () => {
  it.each(encodings(secret))('is found as %s', (_name, text) => {
    expect(mentionsSecret(`error: cannot store ${text}, sorry`, token)).toBe(true);
    const broken = text.replace(/(.{15})/gs, '$1\n   ');
    expect(mentionsSecret(broken, token)).toBe(true);
  });

  it('is found in a dump of bytes, and in a part of it', () => {
    expect(
      mentionsSecret(Buffer.from(secret).toString('hex').replace(/../g, '$& ').toUpperCase(), token),
    ).toBe(true);
    expect(mentionsSecret(`…${secret.slice(40, 50)}…`, token)).toBe(true);
  });

  it('is not found where only its public part stands', () => {
    expect(mentionsSecret(`fie_alice_${locator}**** was refused by the vault`, token)).toBe(false);
    expect(mentionsSecret('', token)).toBe(false);
  });
});
