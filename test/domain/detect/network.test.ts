import { expect, it } from 'vitest';
import { networkOf } from '../../../src/domain/detect/network.js';

it.each([
  ['198.51.100.17', '198.51.100.0/24'],
  ['2001:db8:7:1::64', '2001:db8:7::/48'],
  ['2001:DB8:0007::', '2001:db8:7::/48'],
  ['::ffff:198.51.100.17', '198.51.100.0/24'],
  ['AWS Internal', null],
  ['255.18.064.253', null],
  ['198.51.100.0/24', null],
  ['', null],
  ['__proto__', null],
])('the network of %s is %s', (ip, network) => {
  expect(networkOf(ip)).toBe(network);
  // Read once more from memory.
  expect(networkOf(ip)).toBe(network);
});
