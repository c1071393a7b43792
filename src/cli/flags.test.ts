import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boolFlag, intFlag, mapFlag, optionalBoolFlag, stringFlag } from '../lib/flag-values.ts';
import { FlagSet, flagUsages } from './flags.ts';

const table = {
  namespace: stringFlag('The namespace', { shorthand: 'n', default: 'velero' }),
  wait: boolFlag('Wait', { shorthand: 'w' }),
  all: boolFlag('All', { shorthand: 'a' }),
  labels: mapFlag('Labels'),
  count: intFlag('How many `things` there are'),
  'snapshot-volumes': optionalBoolFlag('Snapshots'),
  secret: stringFlag('Not shown', { hidden: true }),
};

const parse = (...args: readonly string[]) => {
  const flags = new FlagSet(table);
  return { rest: flags.parse(args), values: flags.values(), flags };
};

const refusal = (...args: readonly string[]) => {
  try {
    parse(...args);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

describe('the grammar of flags', () => {
  it.each([
    [['--namespace', 'x']],
    [['--namespace=x']],
    [['-n', 'x']],
    [['-nx']],
    [['-n=x']],
    [['-wn', 'x']],
    [['-wanx']],
  ])('V-CLI-007 reads a value from %j', (args) => {
    expect(parse(...args).values['namespace']).toBe('x');
  });

  it('a switch takes no value from the next word', () => {
    const { rest, values } = parse('--wait', 'false', '-a', 'x');
    expect([rest, values['wait'], values['all']]).toEqual([['false', 'x'], true, true]);
  });

  it('a switch is turned off by =false', () => {
    expect(parse('--wait=false').values['wait']).toBe(false);
    expect(parse('-w=false').values['wait']).toBe(false);
  });

  it('what follows -- is no flag, and - is an argument', () => {
    expect(parse('a', '-', '--', '--wait', '--').rest).toEqual(['a', '-', '--wait', '--']);
  });

  it.each([
    [['--nope'], 'unknown flag: --nope'],
    [['--nope=1'], 'unknown flag: --nope'],
    [['---x'], 'bad flag syntax: ---x'],
    [['--=x'], 'bad flag syntax: --=x'],
    [['-z'], "unknown shorthand flag: 'z' in -z"],
    [['-wz'], "unknown shorthand flag: 'z' in -z"],
    [['--namespace'], 'flag needs an argument: --namespace'],
    [['-wn'], "flag needs an argument: 'n' in -n"],
    [
      ['--count', 'x'],
      'invalid argument "x" for "--count" flag: strconv.ParseInt: parsing "x": invalid syntax',
    ],
    [['-w=x'], 'invalid argument "x" for "-w, --wait" flag: strconv.ParseBool: parsing "x": invalid syntax'],
  ])('V-CLI-007 refuses %j', (args, message) => {
    expect(refusal(...args)).toBe(message);
  });

  it('an own flag hides an inherited one of the same name', () => {
    const flags = new FlagSet({ features: stringFlag('own') }, { features: boolFlag('inherited') });
    flags.parse(['--features', 'x']);
    expect(flags.lookup('features')?.value).toBe('x');
  });

  it('arguments come through whatever flags stand between them', () => {
    const word = fc.string({ minLength: 1 }).filter((text) => !text.startsWith('-'));
    const flag = fc.oneof(
      word.map((value) => ['--namespace', value]),
      word.map((value) => [`-n=${value}`]),
      fc.constant(['-w']),
      fc.constant(['--snapshot-volumes']),
      fc.constant(['--all=false']),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.option(word, { nil: undefined }), flag)), (parts) => {
        const words = parts.flatMap(([arg, given]) => (arg === undefined ? given : [arg, ...given]));
        const { rest } = parse(...words);
        expect(rest).toEqual(parts.flatMap(([arg]) => (arg === undefined ? [] : [arg])));
      }),
    );
  });

  it('every text reaches a flag unchanged by = and by the next word', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parse(`--namespace=${text}`).values['namespace']).toBe(text);
        expect(parse('--namespace', text).values['namespace']).toBe(text);
      }),
    );
  });

  it('a wrong command line is always refused by a sentence, never by a crash', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(refusal(...words)).toMatch(/^(accepted|unknown |bad flag|flag needs|invalid argument )/);
      }),
    );
  });
});

describe('flags in help', () => {
  it('V-CLI-007 shows names aligned, types, values without argument and defaults', () => {
    expect(flagUsages(new FlagSet(table).all())).toBe(
      `  -a, --all                                    All
      --count things                           How many things there are
      --labels mapStringString                 Labels
  -n, --namespace string                       The namespace (default "velero")
      --snapshot-volumes optionalBool[=true]   Snapshots
  -w, --wait                                   Wait
`,
    );
  });
});
