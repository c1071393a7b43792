import { describe, expect, it } from 'vitest';
import { boolFlag, stringFlag } from '../lib/flag-values.ts';
import { defineCommand, findCommand, type Root, UnknownCommand } from './command.ts';
import { buildRoot } from './index.ts';
import { persistentFlags } from './persistent.ts';

const run = () => Promise.resolve();
const root: Root = {
  persistent: { namespace: stringFlag('', { shorthand: 'n' }), quiet: boolFlag('', { shorthand: 'q' }) },
  command: defineCommand({
    use: 'velero',
    short: '',
    commands: [
      defineCommand({
        use: 'backup',
        short: '',
        commands: [
          defineCommand({
            use: 'get NAME',
            short: '',
            aliases: ['list'],
            run,
            flags: { output: stringFlag('', { shorthand: 'o' }) },
          }),
        ],
      }),
      defineCommand({ use: 'restore', short: '', run }),
    ],
  }),
};

const find = (...args: readonly string[]) => {
  const { chain, rest } = findCommand(root, args);
  return [chain.map(({ name }) => name).join(' '), ...rest];
};

describe('finding commands', () => {
  it.each([
    [
      ['backup', 'get', 'x'],
      ['velero backup get', 'x'],
    ],
    [['backup', 'list'], ['velero backup get']],
    [
      ['-n', 'ns', 'backup', 'get'],
      ['velero backup get', '-n', 'ns'],
    ],
    [
      ['--namespace=ns', 'backup', '-q', 'get'],
      ['velero backup get', '--namespace=ns', '-q'],
    ],
    [
      ['backup', '-n', 'get', 'get', 'a'],
      ['velero backup get', '-n', 'get', 'a'],
    ],
    [
      ['backup', 'nope'],
      ['velero backup', 'nope'],
    ],
    [
      ['-h', 'backup'],
      ['velero', '-h', 'backup'],
    ],
    [[], ['velero']],
  ])('V-CLI-007 V-CLI-010 %j', (args, expected) => {
    expect(find(...args)).toEqual(expected);
  });

  it('V-CLI-007 suggests what is near, by distance and by beginning', () => {
    const message = (word: string) => {
      try {
        find(word);
      } catch (error) {
        if (error instanceof UnknownCommand) return error.message;
        throw error;
      }
      return 'found';
    };
    expect(message('bakcup')).toBe('unknown command "bakcup" for "velero"\n\nDid you mean this?\n\tbackup\n');
    expect(message('res')).toBe('unknown command "res" for "velero"\n\nDid you mean this?\n\trestore\n');
    expect(message('xyzzy')).toBe('unknown command "xyzzy" for "velero"');
  });
});

describe('the tree', () => {
  it('V-CLI-002 the namespace comes from the file, then from the environment, then it is velero', () => {
    const of = (config: object, env: Record<string, string>) =>
      persistentFlags({ ...config }, env)['namespace']?.default;
    expect(of({ namespace: 'file' }, { VELERO_NAMESPACE: 'env' })).toBe('file');
    expect(of({}, { VELERO_NAMESPACE: 'env' })).toBe('env');
    expect(of({ namespace: 7 }, {})).toBe('velero');
  });

  it('V-CLI-009 server is there, and hidden', () => {
    const server = buildRoot('velero', {}, {}).command.commands.find(({ name }) => name === 'server');
    expect(server?.hidden).toBe(true);
    expect(server && 'run' in server).toBe(true);
  });

  it('no two commands of one parent share a name or an alias', () => {
    const clashes: string[] = [];
    const visit = (commands: readonly ReturnType<typeof defineCommand>[], path: string) => {
      const words = commands.flatMap(({ name, aliases }) => [name, ...aliases]);
      clashes.push(
        ...words.filter((word, index) => words.indexOf(word) !== index).map((word) => `${path} ${word}`),
      );
      for (const child of commands) visit(child.commands, `${path} ${child.name}`);
    };
    visit(buildRoot('velero', {}, {}).command.commands, 'velero');
    expect(clashes).toEqual([]);
  });
});
