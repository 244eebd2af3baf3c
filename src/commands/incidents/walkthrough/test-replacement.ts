import { testReplacement } from '../../../actions/incidents/walkthrough/test-replacement.js';
import { parseProbeHeader } from '../../../domain/probe-url.js';
import { Secret } from '../../../domain/secret.js';
import { tokensIn } from '../../../domain/token-scan.js';
import { line } from '../../../render/terminal-text.js';
import { readToken } from '../../../runtime/token-input.js';
import type { AskStep, StepAsked } from './asked.js';

const tokenLimitMs = 5000;

/** The kernel answers by itself; the new token is asked for on a terminal, or read from stdin, to try the key itself. */
export const askTest: AskStep = async (asked) => {
  const { rt, flags, walk } = asked;
  const replaced = walk.detail.keys.some(({ successor_id }) => successor_id !== null);
  const tokens = replaced ? await newTokens(asked) : [];
  const header = flags.authHeader ?? parseProbeHeader('--auth-header', 'Authorization');
  return async (inside, now) => {
    const calledOff = new AbortController();
    const undo = rt.machine.onInterrupt(() => calledOff.abort());
    try {
      const limits = { limitMs: rt.flags.timeoutMs, signal: calledOff.signal };
      return await testReplacement(inside, now, { tokens, url: flags.probe ?? null, header, ...limits });
    } finally {
      undo();
    }
  };
};

async function newTokens({ rt, flags }: StepAsked): Promise<readonly Secret[]> {
  // Off a terminal a pipe that nobody fills is not waited for unless a probe needs the token.
  if (!rt.canAsk && flags.probe === undefined) return [];
  const question = line`The new token, to try it (not shown; Enter lets the kernel answer alone):`;
  const given = await readToken(rt, { limitMs: tokenLimitMs, question });
  if (given === null) return [];
  const found = tokensIn(given.reveal()).flatMap(({ token }) => (token === null ? [] : [token]));
  return found.length > 0 ? found : [new Secret(given.reveal())];
}
