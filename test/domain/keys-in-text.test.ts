import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keysInText } from '../../src/domain/keys-in-text.js';
import { mintToken } from '../../src/domain/token.js';

const { token, id, locator } = mintToken('fie_alice', randomBytes);
const whole = token.reveal();
const cut = `fie_alice_${locator}****`;

const references = (text: string) => {
  const found = keysInText(text);
  return found.kind === 'references' ? found.references : found.kind;
};
const tokens = (text: string) => {
  const found = keysInText(text);
  return found.kind === 'tokens' ? found.tokens.map((each) => each.id) : found.kind;
};

describe('keysInText', () => {
  it('reads a KEY a line, each once, past blank lines and comments', () => {
    const list = `key_7Q2mK9xZab3d\r\n\n# done: ${cut}\n  alice-prod\nalice-prod (rotated)\nsha256:9f86d081884c7d65\nkey_7Q2mK9xZab3d\n`;
    expect(references(list)).toEqual([
      'key_7Q2mK9xZab3d',
      'alice-prod',
      'alice-prod (rotated)',
      'sha256:9f86d081884c7d65',
    ]);
  });

  it('keeps a token in a list of KEYs whole, so that its secret is checked too', () => {
    expect(references(`${whole}\nkey_7Q2mK9xZab3d\n`)).toEqual([whole, 'key_7Q2mK9xZab3d']);
    expect(references(`${cut}\n`)).toEqual([cut]);
  });

  it.each([
    ['tokens and nothing else', `${whole}\n`],
    ['an env file', `API_KEY=${whole}\nDEBUG=1\n`],
    ['an env file with a cut token', `API_KEY=${cut}`],
    ['prose', `we found ${whole} in the logs`],
    ['a JSON that is not of ours', `[{"RuleID":"x","Secret":"${whole}"}]`],
    ['broken JSON', `{"key": "${whole}"`],
    ['a log', `[2026-08-20] GET /?k=${whole}\n{`],
  ])('takes %s for a text that leaked', (_what, text) => {
    expect(tokens(text)).toEqual([id]);
  });

  it('reads key_id out of JSON and NDJSON of any depth, with a byte order mark or without', () => {
    const list = { keys: [{ key_id: 'key_a' }, { key_id: 'key_b', family: [{ key_id: 'key_c' }] }] };
    expect(references(JSON.stringify(list))).toEqual(['key_a', 'key_b']);
    expect(references(`\ufeff${JSON.stringify(list, null, 2)}`)).toEqual(['key_a', 'key_b']);
    expect(references('{"key_id":"key_a"}\n\n{"key_id":"key_b"}\n{"key_id":"key_a"}\n')).toEqual([
      'key_a',
      'key_b',
    ]);
  });

  it('takes the live ones out of what keys identify prints, and nothing else that stands there', () => {
    const record = (verdict: string, key: string | null) => ({ verdict, key_id: key, redacted: cut });
    const report = { tokens: [record('live', 'key_a'), record('dead', 'key_b'), record('unknown', null)] };
    expect(references(JSON.stringify(report))).toEqual(['key_a']);
    expect(references(report.tokens.map((each) => JSON.stringify(each)).join('\n'))).toEqual(['key_a']);
    expect(references(JSON.stringify({ tokens: [record('dead', 'key_b')] }))).toEqual([]);
  });

  it('finds nothing in nothing', () => {
    for (const text of ['', '\n \n', '# only a comment', 'no key at all']) expect(tokens(text)).toEqual([]);
  });
});
