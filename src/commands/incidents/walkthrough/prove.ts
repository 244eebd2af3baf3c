import { prove } from '../../../actions/incidents/walkthrough/prove.js';
import { parseProbeHeader, parseProbeUrl } from '../../../domain/probe-url.js';
import type { Secret } from '../../../domain/secret.js';
import { line } from '../../../render/terminal-text.js';
import { readToken } from '../../../runtime/token-input.js';
import { askValue } from '../../ask-value.js';
import { type AskStep, askWhich, type StepAsked } from './asked.js';
import { leakedInPaste } from './leaked-keys.js';

const tokenLimitMs = 5000;

/** Asks nothing at first: the log answers, and with --probe a request with the token that was pasted, or that stands on stdin. */
export const askProve: AskStep = async (asked) => {
  const { rt, flags } = asked;
  const url = flags.probe ?? (await askUrl(asked));
  if (url === 'skip' || url === 'leave') return url;
  const tokens = url === null ? new Map<string, Secret>() : await tokensOf(asked);
  const header = flags.authHeader ?? parseProbeHeader('--auth-header', 'Authorization');
  return async (inside, walk) => {
    const calledOff = new AbortController();
    const undo = rt.machine.onInterrupt(() => calledOff.abort());
    rt.say(line`looking for the proof, up to ${flags.within} s`);
    try {
      return await prove(inside, walk, {
        ...{ url, header, tokens, withinMs: flags.within * 1000, signal: calledOff.signal },
        monotonicMs: () => rt.machine.monotonicMs(),
      });
    } finally {
      undo();
    }
  };
};

/** Asked for when the log alone did not show it. */
async function askUrl({ rt, memory }: StepAsked): Promise<URL | null | 'skip' | 'leave'> {
  const tried = memory.proofTried;
  memory.proofTried = true;
  if (!tried || !rt.canAsk) return null;
  const which = await askWhich(rt, line`How is it proven?`, [
    {
      value: 'log' as const,
      name: line`look into the log again`,
      description: line`newer events may have come in`,
    },
    {
      value: 'probe' as const,
      name: line`try the key`,
      description: line`one request, which has to be refused`,
    },
  ]);
  if (which === 'log') return null;
  if (which !== 'probe') return which;
  return await askValue(rt, undefined, {
    flag: '--probe',
    example: 'https://api.example.com/v1/ping',
    question: line`URL to try it at:`,
    parse: (text) => parseProbeUrl('--probe', text.trim()),
  });
}

/** Those of this run, else of stdin: the leaked text again, or a token. */
async function tokensOf({ rt, memory }: StepAsked): Promise<ReadonlyMap<string, Secret>> {
  if (memory.tokens.size > 0) return memory.tokens;
  const question = line`The leaked text again, for the probe (not shown; Enter goes without):`;
  const given = await readToken(rt, { limitMs: tokenLimitMs, question });
  return given === null ? new Map() : (await leakedInPaste(rt, given.reveal())).tokens;
}
