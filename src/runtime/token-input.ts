import { Secret } from '../domain/secret.js';
import { line, type Safe } from '../render/terminal-text.js';
import type { Runtime } from './runtime.js';

const longestBytes = 64 * 1024;

export interface TokenWanted {
  /** A pipe that nobody closes is not waited for longer; what came until then counts. */
  readonly limitMs: number;
  readonly question?: Safe;
}

/** One secret from stdin, or from a hidden prompt on a terminal, without the blanks around it; null when there is none. */
export async function readToken(rt: Runtime, wanted: TokenWanted): Promise<Secret | null> {
  const { stdin, terminal } = rt.machine;
  if (terminal.stdin) {
    if (!rt.canAsk) return null;
    const typed = (await rt.prompts.hidden(wanted.question ?? line`Token (not shown):`)).trim();
    return typed === '' ? null : new Secret(typed);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  const read = (async () => {
    for await (const chunk of stdin) {
      chunks.push(Buffer.from(chunk as Buffer));
      size += (chunk as Buffer).length;
      if (size > longestBytes) break;
    }
  })();
  // What is destroyed below ends in an error of its own, which nobody waits for any more.
  read.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, wanted.limitMs);
  });
  await Promise.race([read, late]);
  clearTimeout(timer);
  stdin.destroy();
  const text = Buffer.concat(chunks).toString('utf8').trim();
  return text === '' ? null : new Secret(text);
}
