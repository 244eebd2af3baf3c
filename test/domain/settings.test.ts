import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseEmail } from '../../src/domain/setting-values.js';
import { defaultSettings, settingParsers as parse } from '../../src/domain/settings.js';
import { mintToken } from '../../src/domain/token.js';
import { usageErrorOf } from './usage-errors.js';

const token = mintToken('kc', randomBytes).token.reveal();

describe('settingParsers', () => {
  it.each([
    ['--name', () => parse.name(' alice-prod '), 'alice-prod'],
    ['--name', () => parse.name('鍵 🔑 (rotated)'), '鍵 🔑 (rotated)'],
    ['--name', () => parse.name('x'.repeat(200)), 'x'.repeat(200)],
    ['--prefix', () => parse.prefix('fie_alice'), 'fie_alice'],
    ['--scope', () => parse.scopes('b:read', parse.scopes('a:read')), ['a:read', 'b:read']],
    ['--scope', () => parse.scopes('a:read', ['a:read']), ['a:read']],
    ['--scope', () => parse.scopes('none'), []],
    ['--workspace', () => parse.workspaceId('ws_1'), 'ws_1'],
    ['--workspace', () => parse.workspaceId('none'), null],
    ['--level', () => parse.level('read-only'), 'read-only'],
    ['--environment', () => parse.environment('staging'), 'staging'],
    ['--expires', () => parse.expires('90d'), { kind: 'after', seconds: 7_776_000 }],
    ['--expires', () => parse.expires('none'), null],
    ['--allow-ip', () => parse.allowedIps('10.1.2.3', ['2001:db8::/32']), ['2001:db8::/32', '10.1.2.3/32']],
    ['--rpm', () => parse.rpm('100'), 100],
    ['--rpm', () => parse.rpm('none'), null],
    ['--quota-tokens', () => parse.quotaTokens('9007199254740991'), 9_007_199_254_740_991],
    ['--budget', () => parse.budgetUsd('250'), '250'],
    ['--budget', () => parse.budgetUsd('00099.500000'), '99.500000'],
    ['--budget', () => parse.budgetUsd('0.000001'), '0.000001'],
    ['--budget-alert', () => parse.budgetAlerts('80%', parse.budgetAlerts('50')), [50, 80]],
    ['--billing-contact', () => parse.billingContact('Ops@Example.com'), 'ops@example.com'],
    ['--review-every', () => parse.reviewEverySeconds('90d'), 7_776_000],
    ['--on-expiry', () => parse.onExpiry('renew'), 'renew'],
    ['--exempt-from-rotation', () => parse.exemptReason('burnt into the device'), 'burnt into the device'],
    ['--description', () => parse.description(`was ${token}`), `was ${token.slice(0, 15)}****`],
  ])('%s is read', (_flag, act, value) => {
    expect(act()).toEqual(value);
  });

  it.each([
    [
      '--name',
      parse.name,
      [
        '',
        '  ',
        'x'.repeat(201),
        'a\nb',
        'a\x1b[31m',
        'a\u2028b',
        '\ud800',
        'key_7Q2mK9xZab3d',
        'sha256:9f86d081884c7d65',
        'name:x',
        token,
        `x ${token}`,
        'kc_7Q2mK9xZab3d****',
      ],
    ],
    ['--prefix', parse.prefix, ['', 'A', '1a', 'a__b', 'a_', 'a-b', 'a'.repeat(33)]],
    ['--scope', parse.scopes, ['', '*', 'a,b']],
    ['--workspace', parse.workspaceId, ['', ' ', 'a\tb', 'x'.repeat(101)]],
    ['--workspace-access', parse.workspaceAccess, ['']],
    ['--level', parse.level, ['', 'root', 'Standard']],
    ['--model', parse.models, ['']],
    ['--feature', parse.features, ['a\nb']],
    ['--environment', parse.environment, ['prod', '']],
    ['--used-by', parse.usedBy, ['']],
    ['--description', parse.description, ['', 'x'.repeat(1001)]],
    ['--justification', parse.justification, ['']],
    ['--expires', parse.expires, ['90', '0d', '2026-02-30', 'never']],
    ['--allow-ip', parse.allowedIps, ['0.0.0.0/0', '10.1.2.3/8', 'x']],
    ['--rpm', parse.rpm, ['0', '-1', '1.5', '1k', '1e3', '', ' 5', '2147483648', '0x10', '٣']],
    ['--rph', parse.rph, ['0']],
    ['--burst', parse.burst, ['0']],
    ['--concurrency', parse.concurrency, ['0']],
    ['--quota-requests', parse.quotaRequests, ['9007199254740992', '0']],
    ['--quota-tokens', parse.quotaTokens, ['99999999999999999']],
    [
      '--budget',
      parse.budgetUsd,
      ['0', '0.00', '-1', '$5', '1,000', '1.0000001', '100000000', '1e3', '.5', '5.', ''],
    ],
    ['--budget-alert', parse.budgetAlerts, ['0', '101', '80 %', '%']],
    [
      '--billing-contact',
      parse.billingContact,
      [
        'x',
        'a@',
        '@b',
        'a@b@c',
        'a b@c',
        'a@b..c',
        'a@.b',
        'a@b\n.c',
        `${'x'.repeat(65)}@b.c`,
        'a\u202e@b.c',
        'a<b>@c',
      ],
    ],
    ['--review-every', parse.reviewEverySeconds, ['1h', '90']],
    ['--on-expiry', parse.onExpiry, ['', 'none', 'delete']],
    ['--policy', parse.policy, ['']],
    ['--exempt-from-rotation', parse.exemptReason, ['', 'old key', 'short']],
  ] as const)('%s refuses what is not right, naming itself', (flag, parser, texts) => {
    for (const text of texts) usageErrorOf(flag, () => parser(text));
  });

  it('lets none stand alone only', () => {
    usageErrorOf('--scope', () => parse.scopes('none', ['a:read']));
  });

  it('has a parser for every setting with a value', () => {
    const switches = ['autoSuspend', 'decoy'];
    const settings = [...Object.keys(defaultSettings).filter((name) => !switches.includes(name)), 'name'];
    expect(Object.keys(parse).sort()).toEqual(settings.sort());
  });
});

it('parseEmail takes an address without a dot, and tells owners apart by lower case', () => {
  expect(parseEmail('--owner', 'Alice@Example')).toBe('alice@example');
});
