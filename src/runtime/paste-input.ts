import { exitCodes, KeyctlError } from '../domain/errors.js';
import { line } from '../render/terminal-text.js';
import { writeText } from './output.js';
import type { Runtime } from './runtime.js';

const endOfText = 0x04;
const interrupt = 0x03;

/**
 * What is pasted on the terminal until Ctrl-D. It is not shown again: it is a leak, and the screen is kept in somebody's
 * scrollback. The terminal is read raw, because a line longer than 4095 characters would be cut otherwise.
 * @throws KeyctlError 130 on Ctrl-C
 */
export async function readPaste(rt: Runtime): Promise<Buffer> {
  const { stderr } = rt.machine;
  const stdin: Keyboard = rt.machine.stdin;
  const chunks: Buffer[] = [];
  // Before the question: what is pasted the moment it appears must not be echoed.
  stdin.setRawMode?.(true);
  try {
    await writeText(stderr, line`Paste the leaked text (it is not shown), then press Ctrl-D:\n`);
    for await (const chunk of stdin) {
      const bytes = Buffer.from(chunk as Buffer);
      const stop = bytes.indexOf(interrupt);
      const end = bytes.indexOf(endOfText);
      if (stop >= 0 && (end < 0 || stop < end)) throw interrupted();
      chunks.push(end < 0 ? bytes : bytes.subarray(0, end));
      if (end >= 0) break;
    }
  } finally {
    stdin.setRawMode?.(false);
  }
  // A raw terminal sends CR for Enter.
  return Buffer.from(Buffer.concat(chunks).toString('latin1').replaceAll('\r', '\n'), 'latin1');
}

type Keyboard = Runtime['machine']['stdin'] & { setRawMode?(raw: boolean): unknown };

function interrupted(): KeyctlError {
  return new KeyctlError({
    code: 'interrupted',
    message: 'interrupted; nothing was done',
    exitCode: exitCodes.interrupted,
  });
}
