import { expect, it } from 'vitest';
import { parseUserAgent } from '../../src/domain/user-agent.js';

// F20: packages that know better call the first one a wearable.
it.each([
  ['python-requests/2.31.0', 'python-requests', '2.31.0'],
  ['curl/8.5', 'curl', '8.5'],
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', 'Mozilla', '5.0'],
  ['[aws-cli/1.16.4 Python/3.7]', 'aws-cli', '1.16.4'],
  ['AWS Internal', 'AWS', null],
  ['billing-worker', 'billing-worker', null],
  ['  Go-http-client/1.1', 'Go-http-client', '1.1'],
  ['evil\x1b]52;c;x\x07/1', 'evil', null],
])('reads the product of %j', (text, product, version) => {
  expect(parseUserAgent(text)).toEqual({ product, version });
});

it.each([null, '', '   ', '(compatible; x)', '日本', '\x1b[31m', '/1.0'])('finds none in %j', (text) => {
  expect(parseUserAgent(text)).toBeNull();
});

it('bounds what it returns', () => {
  expect(parseUserAgent('x'.repeat(1_000_000))?.product).toHaveLength(64);
});
