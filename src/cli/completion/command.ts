/** `completion` (pkg/cmd/cli/completion/completion.go), and PowerShell besides. */

import { type Command, defineCommand, exactArgs } from '../command.ts';
import { ExitCode } from '../exit.ts';
import { completionScript, SHELLS } from './scripts.ts';

export function completionCommand(): Command {
  return defineCommand({
    use: 'completion [bash|zsh|fish]',
    short: 'Generate completion script',
    long: `Completion of commands and flags, for the shell named.

Bash, for this session:

  $ source <(velero completion bash)

and for all sessions:

  $ velero completion bash > /etc/bash_completion.d/velero

Zsh, where completion is on ("autoload -U compinit; compinit" in ~/.zshrc), from the next session:

  $ velero completion zsh > "\${fpath[1]}/_velero"

Fish, for this session and for all:

  $ velero completion fish | source
  $ velero completion fish > ~/.config/fish/completions/velero.fish

PowerShell, for this session:

  PS> velero completion powershell | Out-String | Invoke-Expression`,
    args: exactArgs(1),
    validArgs: SHELLS,
    async run({ args, session, path }) {
      const shell = SHELLS.find((name) => name === args[0]);
      if (!shell) {
        await session.print('Invalid shell specified, specify bash, zsh, or fish');
        throw new ExitCode(1);
      }
      await session.terminal.write(completionScript(shell, path[0] as string));
    },
  });
}
