import { KeyctlError } from '../../src/domain/errors.js';
import { tokensIn } from '../../src/domain/token-scan.js';
import { readPaste } from '../../src/runtime/paste-input.js';
import { createRuntime } from '../../src/runtime/runtime.js';
import { systemMachine } from '../../src/runtime/system.js';

/** Reads one paste in the terminal it runs in and says what it got, but not what it was. */
try {
  const text = (await readPaste(createRuntime(systemMachine()))).toString();
  const places = tokensIn(text).map(({ line, column }) => `at line ${line} column ${column}`);
  process.stdout.write(`lines ${text.split('\n').length}, tokens ${places.length} ${places.join(' ')}\n`);
} catch (error) {
  if (!(error instanceof KeyctlError)) throw error;
  process.stdout.write(`${error.code}, raw ${process.stdin.isRaw}\n`);
}
process.stdin.destroy();
