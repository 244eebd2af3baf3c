import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { recipientProblem } from '../../src/domain/age-recipient.js';
import { destinationName, parseDestination } from '../../src/domain/destination.js';
import { parseHookCommand } from '../../src/domain/hook-command.js';
import { mintToken } from '../../src/domain/token.js';
import { usageErrorOf } from './usage-errors.js';

const token = mintToken('kc', (size) => randomBytes(size)).token.reveal();

/** Of age's README. */
const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

describe('a destination', () => {
  it.each([
    ['stdout', { kind: 'stdout' }],
    ['file:/run/a key', { kind: 'file', path: '/run/a key' }],
    ['file:relative', { kind: 'file', path: 'relative' }],
    ['env:/etc/a#b/env#API_KEY', { kind: 'env', path: '/etc/a#b/env', variable: 'API_KEY' }],
    [`age:${recipient}>/srv/a>b`, { kind: 'age', recipient, path: '/srv/a>b' }],
    ['exec:/bin/hook', { kind: 'exec', command: { file: '/bin/hook', args: [] } }],
  ])('%s', (text, destination) => {
    expect(parseDestination('--deliver', text)).toEqual(destination);
    expect(destinationName(parseDestination('--deliver', text))).toBe(text);
  });

  it('of a hook is words separated by blanks, with no meaning but their own', () => {
    const parsed = parseDestination('--deliver', 'exec:  /bin/hook\t--tag  a=b * {id} # c ');
    expect(parsed).toEqual({
      kind: 'exec',
      command: { file: '/bin/hook', args: ['--tag', 'a=b', '*', '{id}', '#', 'c'] },
    });
    expect(destinationName(parsed)).toBe('exec:/bin/hook --tag a=b * {id} # c');
  });

  it.each([
    ['', 'one of stdout'],
    ['clipboard:', 'one of stdout'],
    ['FILE:/a', 'one of stdout'],
    ['file:', 'the name of a new file'],
    ['file:/a/', 'the name of a new file'],
    ['file:~/a', '$HOME'],
    ['file:/a\nb', 'not a usable path'],
    [`file:/${'a'.repeat(1000)}`, 'not a usable path'],
    [`file:/${token}`, 'not a usable path'],
    ['env:/etc/env', 'needs #NAME'],
    ['env:#A', 'the name of an env file'],
    ['env:/etc/env#', 'a variable is'],
    ['env:/etc/env#1A', 'a variable is'],
    ['env:/etc/env#A-B', 'a variable is'],
    ['env:~/env#A', '$HOME'],
    [`age:${recipient}`, 'in quotes'],
    [`age:>${recipient}`, 'a recipient is'],
    [`age:${recipient}>`, 'the name of a new file'],
    [`age:${recipient.replace('q', 'p')}>/a`, 'checksum'],
    [`age:${recipient.slice(0, -1)}>/a`, '62 characters, this one 61'],
    [`age:${recipient.toUpperCase()}>/a`, 'lower case'],
    ['age:ssh-ed25519 AAAA>/a', 'only native'],
    ['age:age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t>/a', 'only native'],
    ['age:AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX>/a', 'is the identity'],
    ['exec:', 'absolute path'],
    ['exec:hook', 'absolute path'],
    ['exec:./hook', 'absolute path'],
    ['exec:/bin/', 'absolute path'],
    ['exec:/bin/hook "a b"', 'no shell reads "'],
    ['exec:/bin/hook $HOME', 'no shell reads $'],
    ['exec:/bin/hook | tee', 'no shell reads |'],
    ['exec:/bin/hook a\nb', 'not a usable command'],
    [`exec:/bin/hook ${token}`, 'on stdin'],
  ])('refuses %j with a right example', (text, problem) => {
    const error = usageErrorOf('--deliver', () => parseDestination('--deliver', text));
    expect(error.message).toContain(problem);
    expect(error.hint).toContain('--deliver');
    expect(error.message + error.hint).not.toContain(token);
  });
});

describe('an age recipient', () => {
  it('with any one character changed is found wrong', () => {
    expect(recipientProblem(recipient)).toBeNull();
    for (let at = 4; at < recipient.length; at++) {
      const other = recipient[at] === 'q' ? 'p' : 'q';
      const typo = recipient.slice(0, at) + other + recipient.slice(at + 1);
      expect(recipientProblem(typo), typo).toContain('checksum');
    }
  });
});

describe('a command after delivery', () => {
  it('is read as a hook is', () => {
    const command = parseHookCommand('--after', '/bin/systemctl reload billing', '');
    expect(command).toEqual({ file: '/bin/systemctl', args: ['reload', 'billing'] });
    const error = usageErrorOf('--after', () => parseHookCommand('--after', 'systemctl reload', ''));
    expect(error.message).toContain('a command starts with the absolute path');
  });
});
