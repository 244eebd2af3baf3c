import { Argument, type Command, Option } from 'commander';
import type { Shell } from '../render/completion/completion-script.js';
import type { Runtime } from '../runtime/runtime.js';
import { newCommand } from './new-command.js';

const shells: readonly Shell[] = ['bash', 'zsh', 'fish'];
const names = ['keyctl', 'apikeyctl'] as const;

interface CompletionFlags {
  readonly name?: (typeof names)[number];
}

const installation = `
For this shell only:
  source <(keyctl completion bash)                  bash, zsh
  keyctl completion fish | source
For good:
  bash  keyctl completion bash > ~/.keyctl-completion
        echo 'source ~/.keyctl-completion' >> ~/.bashrc
  zsh   keyctl completion zsh > DIR/_keyctl         DIR is one of your fpath
  fish  keyctl completion fish > ~/.config/fish/conf.d/keyctl.fish

It completes keyctl and apikeyctl. Where keyctl is the program of Debian's
keyutils, add --name apikeyctl, for this one alone (in zsh, DIR/_apikeyctl).
Make it again after an upgrade: keyctl is not run to complete a line.`;

/** @param wholeProgram builds the program with every command loaded */
export function completionCommand(rt: Runtime, wholeProgram: () => Promise<Command>): Command {
  return newCommand(rt, 'completion')
    .summary('Tab completion for bash, zsh and fish')
    .description(
      'Print a script that lets a shell complete the commands, flags and values of keyctl. Opens no database.',
    )
    .addArgument(new Argument('<shell>', 'which reads it').choices(shells))
    .addOption(new Option('--name <name>', 'for this name alone; else for both').choices(names))
    .addHelpText('after', installation)
    .action(async (shell: Shell, flags: CompletionFlags) => {
      const { completedProgram } = await import('./completed-program.js');
      const { completionScript } = await import('../render/completion/completion-script.js');
      const program = completedProgram(await wholeProgram(), rt.machine.version);
      await rt.print(completionScript, {
        shell,
        names: flags.name === undefined ? names : [flags.name],
        program,
      });
    });
}
