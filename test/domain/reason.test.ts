import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseReason } from '../../src/domain/reason.js';
import { mintToken } from '../../src/domain/token.js';
import { usageErrorOf } from './usage-errors.js';

const reason = (text: string) => parseReason('--reason', text);

describe('parseReason', () => {
  it.each([
    'leaked in acme/app commit 7a3f21',
    'INC-42: bob left',
    'old key leaked',
    'Schlüssel im Repo von Kundin',
    '鍵が公開リポジトリに漏れた',
    'rotated because of the audit 🔒 “Q3”',
    'none of your business',
  ])('keeps a good one as it is: %s', (text) => {
    expect(reason(text)).toBe(text);
    expect(reason(`  ${text}\n`)).toBe(text);
  });

  it.each([
    '',
    '       ',
    'leaked',
    'short 7',
    'revoked!!',
    'old key',
    'revoke old key',
    'REVOKED - OLD - KEY',
    'testing, testing',
    'test/rotate',
    'n/a (none)',
    'N/A N/A N/A',
    'rotation reason',
    'deleted...',
    'temp temp temp',
    '!!!!!!!!!!',
    '🔥🔥🔥🔥🔥🔥🔥🔥',
    'revoke_old_key',
    'ｒｅｖｏｋｅｄ key',
    'revo\u200bked key',
    '\u200b'.repeat(20),
    '\u3164'.repeat(9),
    `${'x'.repeat(2001)}`,
    'two lines\nof reason',
    'bell \x07 in here',
    'escape \x1b[31m red',
    'separator \u2028 inside',
    'half \ud800 a character',
    'NUL \0 in here',
  ])('refuses %j, with examples of good ones', (text) => {
    expect(usageErrorOf('--reason', () => reason(text)).hint).toContain('leaked in acme/app commit 7a3f21');
  });

  it('keeps no token: it is cut to what names its key', () => {
    const minted = mintToken('fie_alice', randomBytes);
    expect(reason(`found ${minted.token.reveal()} in the log`)).toBe(
      `found fie_alice_${minted.locator}**** in the log`,
    );
  });
});
