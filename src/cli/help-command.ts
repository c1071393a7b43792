/** `help [command]`, as cobra makes it. */

import { type Command, defineCommand, findCommand, type Found } from './command.ts';
import { helpText, usageText } from './help.ts';

export function helpCommand(program: string): Command {
  return defineCommand({
    use: 'help [command]',
    short: 'Help about any command',
    long: `Shows the help of any command: ${program} help [words of the command].`,
    async run({ args, session, root }) {
      let found: Found;
      try {
        found = findCommand(root, args);
      } catch {
        const topics = args.map((word) => `\`${word}\``).join(' ');
        session.terminal.error(`Unknown help topic [${topics}]\n${usageText(root, [root.command])}`);
        return;
      }
      await session.terminal.write(helpText(root, found.chain));
    },
  });
}
