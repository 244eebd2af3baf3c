import { run } from './program.js';
import { systemMachine } from './runtime/system.js';

// Only the exit code is set: what still lies in the pipes gets out before the process ends by itself.
void run(process.argv.slice(2), systemMachine()).then((code) => {
  process.exitCode = code;
});
