import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCidr, parseIp, toInet } from '../../src/domain/cidr.js';
import { usageErrorOf } from './usage-errors.js';

describe('parseCidr', () => {
  it.each([
    ['198.51.100.0/24', '198.51.100.0/24'],
    [' 198.51.100.17 ', '198.51.100.17/32'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['128.0.0.0/1', '128.0.0.0/1'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['::ffff:198.51.100.0/120', '198.51.100.0/24'],
  ])('reads %s as %s', (text, cidr) => {
    expect(parseCidr('--allow-ip', text)).toBe(cidr);
  });

  it.each([
    '',
    'x',
    '10',
    '10.1',
    '10.1.1',
    '0x7f.1.1.1',
    '010.1.1.1',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/8/8',
    '1.2.3.4/-1',
    '::1/129',
    'fe80::1%eth0',
    'fe80::%1/64',
    '1.2.3.4:80',
    '[::1]',
    '1.2.3.256',
    'example.com',
    '0.0.0.0/0',
    '::/0',
    '::ffff:0:0/96',
    '9'.repeat(99),
  ])('refuses %j', (text) => {
    usageErrorOf('CIDR', () => parseCidr('CIDR', text));
  });

  it('refuses bits behind the mask and shows both right spellings', () => {
    const error = usageErrorOf('CIDR', () => parseCidr('CIDR', '198.51.100.17/24'));
    expect(error.hint).toBe('CIDR 198.51.100.0/24, or 198.51.100.17 alone');
    usageErrorOf('CIDR', () => parseCidr('CIDR', '2001:db8::1/64'));
  });

  it('reads back what it gives', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const cidr = parseCidr('CIDR', address);
        expect(parseCidr('CIDR', cidr)).toBe(cidr);
      }),
    );
  });
});

describe('toInet', () => {
  // Each line was asked of PostgreSQL 15.20: `select '…'::inet`.
  it.each([
    ['1.2.3.4', '1.2.3.4'],
    ['1.2.3.4/32', '1.2.3.4'],
    ['1.2.3.4/24', '1.2.3.4/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8::1', '2001:db8::1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['::1/128', '::1'],
    // Not the IPv4 address: ipaddr.js takes it for ::ffff:1.2.3.4.
    ['::1.2.3.4', '::102:304'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['::', '::'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
  ])('takes %s as %s', (text, inet) => {
    expect(toInet(text)).toBe(inet);
  });

  it.each([
    'AWS Internal',
    '255.18.064.253',
    '',
    '-',
    '10',
    '10.1',
    '0x0a000001',
    'fe80::1%eth0',
    'fe80::1%1',
    '1.2.3.4:5678',
    '[::1]:80',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/8/9',
    '1.2.3.4/08',
    '4/0',
    '::.81',
    '::1/129',
    '1::2::3',
    ':::',
    '00001::1',
    '1.2.3.4.5',
    '::ffff:256.1.1.1',
    '1.2.3.4\0',
    '1.2.3.4\n',
    'ec2.amazonaws.com',
    '::1'.repeat(1000),
    '1.2.3.4, 5.6.7.8',
  ])('keeps %j out of the inet column', (text) => {
    expect(toInet(text)).toBeNull();
  });

  it('takes any text without throwing, and its own answers again', () => {
    const near = fc.stringMatching(/^[0-9a-f:./%]{0,24}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), near, fc.ipV4Extended(), fc.ipV6()), (text) => {
        const inet = toInet(text);
        if (inet !== null) expect(toInet(inet)).toBe(inet);
      }),
      { numRuns: 2000 },
    );
  });
});

it('parseIp takes one address', () => {
  expect(parseIp('--ip', '::ffff:198.51.100.17')).toBe('198.51.100.17');
  usageErrorOf('--ip', () => parseIp('--ip', '198.51.100.0/24'));
  usageErrorOf('--ip', () => parseIp('--ip', 'localhost'));
});
