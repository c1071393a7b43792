import { describe, expect, it } from 'vitest';
import { createLogger, type LogEntry, silentLogger } from '../lib/log.ts';
import type { ArchiveVersion } from '../storage/archive/reader.ts';
import { byKubeVersion, chooseVersion, parseUserPriorities, userPriorityFault } from './versions.ts';

/** `v2!` is the preferred one. */
function choose(source: string, target: string, user = ''): string | undefined {
  const versions: ArchiveVersion[] = source
    .split(' ')
    .filter((text) => text !== '')
    .map((text) => ({ version: text.replace('!', ''), preferred: text.endsWith('!') }));
  return chooseVersion(
    'rockbands.music.example.io',
    { versions: () => versions },
    { versions: () => target.split(' ').filter((text) => text !== '') },
    parseUserPriorities(user, silentLogger),
  );
}

describe('choosing an API version', () => {
  it('V-RST-074 takes no choice where the backup has no preferred version of its own', () => {
    expect(choose('', 'v1')).toBeUndefined();
  });

  it('V-RST-075 takes the source preferred version where the cluster does not know the group', () => {
    expect(choose('v1! v2beta1', '')).toBe('v1');
  });

  it('V-RST-075 prefers the user list, then what the cluster prefers, then what the source preferred', () => {
    expect(choose('v1! v2beta1 v2beta2', 'v2 v1 v2beta1', 'rockbands.music.example.io=v2,v2beta1')).toBe(
      'v2beta1',
    );
    expect(choose('v1! v2', 'v2 v1')).toBe('v2');
    expect(choose('v1! v2', 'v3 v1')).toBe('v1');
  });

  it('V-RST-075 else takes the first common version among the rest, else the source preferred one', () => {
    expect(choose('v2! v1beta2 v1beta1', 'v3 v1beta1 v1beta2')).toBe('v1beta2');
    expect(choose('v2! v1beta1', 'v3 v1alpha1')).toBe('v2');
  });

  it('V-RST-076 reads the user list without spaces and blank lines and logs bad lines', () => {
    const entries: LogEntry[] = [];
    const log = createLogger({ level: 'debug', sinks: [{ write: (entry) => entries.push(entry) }] });
    const text = 'a.example.io = v2, v1\n\nbad\n=v1\nb.example.io=v3\n';
    expect([...parseUserPriorities(text, log)]).toEqual([
      ['a.example.io', ['v2', 'v1']],
      ['b.example.io', ['v3']],
    ]);
    expect(entries.map((entry) => entry.level)).toEqual(['debug', 'debug']);
  });

  it('V-RST-077 says what is wrong with a line', () => {
    expect(userPriorityFault('a=b=c')).toBe('line must have one and only one equal sign');
    expect(userPriorityFault('a')).toBe('line must have one and only one equal sign');
    expect(userPriorityFault('a=')).toBe(
      'line must contain at least one character before and after equal sign',
    );
    expect(userPriorityFault('a=v1')).toBeUndefined();
  });

  it('V-RST-075 orders versions as Kubernetes does', () => {
    const versions = ['v1alpha1', 'foo10', 'v1', 'v11beta2', 'v10', 'v2', 'v1beta1', 'foo1', 'v12alpha1'];
    expect(versions.sort(byKubeVersion)).toEqual([
      'v10',
      'v2',
      'v1',
      'v11beta2',
      'v1beta1',
      'v12alpha1',
      'v1alpha1',
      'foo1',
      'foo10',
    ]);
  });
});
