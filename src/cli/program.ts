/** From a command line to an exit code: what cobra's Execute and the original's main do together. */

import { Failure, messageOf } from '../lib/errors.ts';
import type { KubeClient } from '../kube/contract.ts';
import { completeCommandLine } from './completion/complete.ts';
import { type Command, findCommand, flagsOf, type Found, type Root } from './command.ts';
import { configText, loadConfig, type ClientConfig } from './config-file.ts';
import { ExitCode, ExitMessage } from './exit.ts';
import { type FlagSet, UsageError } from './flags.ts';
import { commandPath, helpText, usageText } from './help.ts';
import { ansiColours, type Colours, noColours } from './print/colour.ts';
import type { Session, Target, Terminal } from './session.ts';

export interface Host {
  readonly terminal: Terminal;
  /** Makes a client for a cluster. @throws Failure `NO_CLUSTER` */
  connect(target: Target): Promise<KubeClient>;
  /** Builds the command tree, whose defaults depend on the configuration file. */
  buildRoot(config: ClientConfig): Root;
}

/**
 * Runs one command line.
 * @param args without the program's name
 * @returns the exit code: 0, or 1 for everything that went wrong
 */
export async function runProgram(args: readonly string[], host: Host): Promise<number> {
  const { terminal } = host;
  let config: ClientConfig = {};
  try {
    config = await loadConfig(terminal.env);
  } catch (error) {
    terminal.error(`WARNING: Error reading config file: ${messageOf(error)}\n`);
  }
  const root = host.buildRoot(config);
  const [first] = args;
  if (first === '__complete' || first === '__completeNoDesc') {
    await completeCommandLine(root, args.slice(1), first === '__complete', terminal);
    return 0;
  }
  return execute(root, args, config, host);
}

async function execute(
  root: Root,
  args: readonly string[],
  config: ClientConfig,
  host: Host,
): Promise<number> {
  const { terminal } = host;
  let found: Found;
  try {
    found = findCommand(root, args);
  } catch (error) {
    terminal.error(`Error: ${messageOf(error)}\nRun '${root.command.name} --help' for usage.\n`);
    return report(error, terminal);
  }
  const { chain, rest } = found;
  const command = chain.at(-1) as Command;
  const flags = flagsOf(root, command);
  let positional: string[];
  try {
    positional = flags.parse(rest);
    if (flags.lookup('help')?.value === true || !command.run) {
      await terminal.write(helpText(root, chain));
      return 0;
    }
    const refusal = command.args?.(positional);
    if (refusal !== undefined) throw new UsageError(refusal);
  } catch (error) {
    if (!(error instanceof UsageError)) return report(error, terminal);
    terminal.error(`Error: ${error.message}\n${usageText(root, chain, flags)}\n`);
    return report(error, terminal);
  }
  let client: Promise<KubeClient> | undefined;
  const target = targetOf(flags, config);
  const session: Session = {
    ...target,
    terminal,
    config,
    colours: coloursFor(flags, config, terminal),
    print: (line) => terminal.write(`${line}\n`),
    kube: () => (client ??= host.connect(target)),
  };
  try {
    await command.run({
      flags: flags.values(),
      changed: (name) => flags.changed(name),
      args: positional,
      session,
      path: commandPath(chain).split(' '),
      root,
    });
    return 0;
  } catch (error) {
    return report(error, terminal);
  } finally {
    // A client that could not be made has been reported by the command that asked for it.
    await client?.then((made) => made.close()).catch(() => undefined);
  }
}

/** The last words of a command that failed; users never see a stack. */
function report(error: unknown, terminal: Terminal): number {
  if (error instanceof ExitCode) return error.code;
  if (error instanceof ExitMessage) {
    terminal.error(`${error.message}\n`);
    return 1;
  }
  terminal.error(`An error occurred: ${messageOf(error)}\n`);
  if (error instanceof Failure && error.remedy !== undefined) terminal.error(`${error.remedy}\n`);
  return 1;
}

function targetOf(flags: FlagSet, config: ClientConfig): Target {
  const values = flags.values();
  const text = (name: string) => {
    const value = values[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const given = values['features'];
  const features = [
    ...configText(config, 'features').split(','),
    ...(Array.isArray(given) ? (given as string[]) : []),
  ].filter((name) => name !== '');
  return {
    kubeconfig: text('kubeconfig'),
    context: text('kubecontext'),
    namespace: text('namespace') ?? '',
    features: [...new Set(features)],
  };
}

/** Colours for people only: a terminal, or whoever asks for them by flag. */
function coloursFor(flags: FlagSet, config: ClientConfig, terminal: Terminal): Colours {
  const flag = flags.lookup('colorized')?.value;
  if (flag !== undefined) return flag === true ? ansiColours : noColours;
  if (!terminal.interactive || (terminal.env['NO_COLOR'] ?? '') !== '') return noColours;
  return /^(0|f|false)$/i.test(configText(config, 'colorized')) ? noColours : ansiColours;
}
