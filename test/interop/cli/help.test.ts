import { beforeAll, describe, expect, it } from 'vitest';
import { buildPrograms } from '../../../dev/cluster/index.ts';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { buildRoot } from '../../../src/cli/index.ts';
import { type Command, isAvailable } from '../../../src/cli/command.ts';

/**
 * What help says is compared by structure: commands with their short descriptions, aliases, lines of use, flags with
 * shorthand, type and default. The wording of longer texts is each side's own.
 */

let real: string;
const ours = path.resolve(import.meta.dirname, '../../../src/main.ts');

beforeAll(async () => {
  real = (await buildPrograms(['velero'])).velero as string;
}, 600_000);

/** Commands of the original that are not there yet, or never will be. */
const ABSENT = new Set(['bug', 'node-agent']);

interface Help {
  usage: string[];
  aliases: string[];
  commands: string[];
  flags: string[];
  globals: string[];
}

function parse(text: string): Help {
  const section = (title: string) => {
    const found = new RegExp(`^${title}:\\n((?:.+\\n)*)`, 'm').exec(text);
    return (found?.[1] ?? '').split('\n').filter((line) => line !== '');
  };
  return {
    usage: section('Usage'),
    aliases: section('Aliases'),
    commands: section('Available Commands').filter(
      (line) => !ABSENT.has(line.trim().split(' ')[0] as string),
    ),
    flags: section('Flags').map(flagOf),
    globals: section('Global Flags').map(flagOf),
  };
}

/** `-l, --selector labelSelector (default <none>)`: what a flag is, without what is said of it. */
function flagOf(line: string): string {
  const head = /^ {2}(?:-\w, | {4})--\S+(?: \S+)*/.exec(line)?.[0] ?? line;
  const fallback = / \(default [^()]*\)$/.exec(line)?.[0] ?? '';
  return `${head.trim()}${fallback}`;
}

function run(
  command: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { env: { HOME: '/nonexistent', PATH: process.env['PATH'] } },
      (error, stdout, stderr) => {
        resolve({ code: error ? 1 : 0, stdout, stderr });
      },
    );
  });
}

const runOurs = (args: readonly string[]) => run(process.execPath, [ours, 'velero', ...args]);

function paths(command: Command, prefix: readonly string[] = []): string[][] {
  return command.commands
    .filter(isAvailable)
    .flatMap((child) => [[...prefix, child.name], ...paths(child, [...prefix, child.name])]);
}

const all = paths(buildRoot('velero', {}, {}).command);

describe('help', () => {
  it('V-CLI-009 V-CLI-010 every command of the original is there', async () => {
    const missing: string[] = [];
    const visit = async (prefix: readonly string[]): Promise<void> => {
      const { stdout } = await run(real, [...prefix, '--help']);
      for (const line of parse(stdout).commands) {
        const name = line.trim().split(' ')[0] as string;
        const words = [...prefix, name];
        if (!all.some((known) => known.join(' ') === words.join(' '))) missing.push(words.join(' '));
        await visit(words);
      }
    };
    await visit([]);
    expect(missing).toEqual([]);
  });

  it.each([[], ...all].map((words) => [words.join(' '), words] as const))(
    'V-CLI-001 V-CLI-009 V-CLI-010 V-CLI-073 velero %s',
    async (_title, words) => {
      const [theirs, mine] = await Promise.all([
        run(real, [...words, '--help']),
        runOurs([...words, '--help']),
      ]);
      expect(mine.code).toBe(0);
      const [left, right] = [parse(mine.stdout), parse(theirs.stdout)];
      if (words.join(' ') === 'install') {
        // The image is our own.
        left.flags = left.flags.map((flag) => flag.replace(/(--image string) .*/, '$1'));
        right.flags = right.flags.map((flag) => flag.replace(/(--image string) .*/, '$1'));
      }
      expect(left).toEqual(right);
    },
  );

  it.each([
    [['server']],
    [['help', 'backup', 'get']],
    [['help', 'get', 'backup']],
    [['backup', 'nope']],
    [['-h', 'backup']],
    [['backup', '-h', 'create']],
    [['--namespace', 'x', 'backup', 'get', '--help']],
  ])('V-CLI-009 V-SRV-001 by other ways: %j', async (words) => {
    const args = words.includes('server') ? [...words, '--help'] : words;
    const [theirs, mine] = await Promise.all([run(real, args), runOurs(args)]);
    const [left, right] = [parse(mine.stdout), parse(theirs.stdout)];
    // Our server has more flags; none of the original's may be missing.
    if (words.includes('server')) left.flags = left.flags.filter((flag) => right.flags.includes(flag));
    expect(left).toEqual(right);
    expect(mine.code).toBe(theirs.code);
  });
});

describe('completion', () => {
  it.each([
    [['']],
    [['b']],
    [['backup', '']],
    [['backup', 'd']],
    [['backup', 'get', '']],
    [['backup', 'get', '-']],
    [['backup', 'get', '--la']],
    [['backup', 'get', '--show-labels', '--']],
    [['backup', 'get', '-n']],
    [['backup', 'get', '-n', '']],
    [['backup', 'get', '--namespace=']],
    [['-n', 'x', 'get', '']],
    [['get', 'back']],
    [['nope', '']],
    [['backup', 'get', '--nope', '']],
    [['client', 'config', '']],
    [['backup', 'get', '--help', '']],
  ])('V-CLI-068 %j', async (words) => {
    const [theirs, mine] = await Promise.all([
      run(real, ['__complete', ...words]),
      runOurs(['__complete', ...words]),
    ]);
    const names = ({ stdout }: { stdout: string }) =>
      stdout
        .split('\n')
        .map((line) => line.split('\t')[0])
        .filter((name) => !ABSENT.has(name as string));
    expect(names(mine)).toEqual(names(theirs));
  });

  it('V-CLI-068 the scripts begin as the originals do, and the bash one completes', async () => {
    const [theirs, mine] = await Promise.all([
      run(real, ['completion', 'zsh']),
      runOurs(['completion', 'zsh']),
    ]);
    expect(mine.stdout.split('\n').slice(0, 2)).toEqual(theirs.stdout.split('\n').slice(0, 2));
    const script = (await runOurs(['completion', 'bash'])).stdout;
    const test = `${script}
velero() { "${process.execPath}" "${ours}" velero "$@"; }
COMP_LINE="velero backup d" COMP_POINT=15
__velero_complete
echo "\${COMPREPLY[@]}"`;
    expect((await run('bash', ['-c', test])).stdout).toBe('delete describe download\n');
  });
});
