import { mintToken } from '../../src/domain/token.js';
import { forgedToken } from './forged-token.js';
import type { SeedStatus } from './seed-keys.js';

const unknown = mintToken('kc', (size) => new Uint8Array(size).fill(9)).token.reveal();

/** Every way in which a presented text can be bad, and two that are good: what it is, the text, the decision. */
export function presentedTokens(good: string, imported: string): readonly [string, string, string][] {
  return [
    ['a good one', good, 'ok'],
    ['an imported one', imported, 'ok'],
    ['an unknown one', unknown, 'unknown'],
    ['a known locator with another secret', forgedToken(good), 'unknown'],
    ['a wrong checksum', good.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')), 'checksum'],
    ['something else', 'sk-live-123', 'malformed'],
    ['nothing', '', 'malformed'],
    ['blanks around it', ` ${good}`, 'malformed'],
    ['a prefix that is too long', `${'a'.repeat(33)}_${good.slice(-64)}`, 'malformed'],
  ];
}

/** What `keyctl.decide` says of a key in each status. */
export const decisionsByStatus: readonly [SeedStatus, string][] = [
  ['pending', 'pending'],
  ['active', 'ok'],
  ['retiring', 'ok'],
  ['suspended', 'suspended'],
  ['expired', 'expired'],
  ['replaced', 'replaced'],
  ['revoked', 'revoked'],
];
