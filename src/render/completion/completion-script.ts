import type { Renderer } from '../renderer.js';
import { clean, joinLines } from '../terminal-text.js';
import { bashScript } from './bash-script.js';
import type { CompletedProgram } from './completed-program.js';
import { fishScript } from './fish-script.js';
import { zshScript } from './zsh-script.js';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

export type Shell = keyof typeof scripts;

export interface CompletionRequest {
  readonly shell: Shell;
  /** The names that are completed; the shell's functions are called after the first. */
  readonly names: readonly string[];
  readonly program: CompletedProgram;
}

/** `keyctl completion`: text that a shell reads. */
export const completionScript: Renderer<CompletionRequest> = {
  text: (request) => joinLines(scriptOf(request).split('\n').map(clean)),
  json: (request) => ({ shell: request.shell, names: request.names, script: `${scriptOf(request)}\n` }),
};

function scriptOf({ shell, program, names }: CompletionRequest): string {
  return scripts[shell](program, names);
}
