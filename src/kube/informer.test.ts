import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../api/object.ts';
import type { ApiResource, WatchEvent } from './contract.ts';
import { Informer, type InformerOptions, keyOf, splitKey } from './informer.ts';

const WIDGETS: ApiResource = {
  group: 'example.com',
  version: 'v1',
  resource: 'widgets',
  kind: 'Widget',
  singular: 'widget',
  shortNames: [],
  namespaced: true,
  verbs: [],
  preferred: true,
};

function widget(name: string, version: string, color = 'red'): KubeObject {
  return {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name, namespace: 'shop', resourceVersion: version, labels: { color } },
    spec: { big: 'x' },
  };
}

function event(type: WatchEvent['type'], object?: KubeObject): WatchEvent {
  return object === undefined ? { type } : { type, object };
}

/** Runs an informer over these events to their end and tells what its subscriber heard. */
async function run(events: WatchEvent[], options: InformerOptions<KubeObject> = {}) {
  const heard: string[] = [];
  const informer = new Informer(
    {
      watch: async function* () {
        for (const each of events) {
          await Promise.resolve();
          yield each;
        }
      },
    },
    WIDGETS,
    options,
  );
  informer.addIndex('color', (object) => [object.metadata.labels?.['color'] ?? '']);
  informer.subscribe({
    added: (object) => heard.push(`+${object.metadata.name}`),
    updated: (old, object) =>
      heard.push(
        `${object.metadata.name} ${old.metadata.resourceVersion}→${object.metadata.resourceVersion}`,
      ),
    deleted: (object) => heard.push(`-${object.metadata.name}@${object.metadata.resourceVersion}`),
  });
  await informer.run(new AbortController().signal);
  return { informer, heard };
}

describe('informer', () => {
  it('knows what the events say and tells of every change', async () => {
    const { informer, heard } = await run([
      event('ADDED', widget('a', '1')),
      event('ADDED', widget('b', '2', 'blue')),
      event('SYNC'),
      event('MODIFIED', widget('a', '3', 'blue')),
      event('DELETED', widget('b', '4', 'blue')),
    ]);
    expect(heard).toEqual(['+a', '+b', 'a 1→3', '-b@4']);
    expect([...informer.keys()]).toEqual(['shop/a']);
    expect(informer.byIndex('color', 'blue').map(keyOf)).toEqual(['shop/a']);
    expect(informer.byIndex('color', 'red')).toEqual([]);
    expect(informer.isSynced).toBe(true);
    await informer.synced;
  });

  it('after a new list no longer knows what the list does not show, and not before its end', async () => {
    const { informer, heard } = await run([
      event('ADDED', widget('a', '1')),
      event('ADDED', widget('b', '2')),
      event('SYNC'),
      event('RELIST'),
      event('ADDED', widget('b', '5')),
      event('RELIST'),
      event('ADDED', widget('b', '5')),
      event('ADDED', widget('c', '6')),
      event('SYNC'),
    ]);
    expect(heard).toEqual(['+a', '+b', 'b 2→5', 'b 5→5', '+c', '-a@1']);
    expect([...informer.keys()]).toEqual(['shop/b', 'shop/c']);
  });

  it('keeps no more than asked: metadata, or the keys alone, or what a function leaves', async () => {
    const events = [event('ADDED', widget('a', '1')), event('SYNC')];
    const metadata = await run(events, { keep: 'metadata' });
    expect(metadata.informer.get('shop/a')).toEqual({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: widget('a', '1').metadata,
    });
    const keys = await run(events, { keep: 'keys' });
    expect(keys.informer.get('shop/a')).toEqual({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'a', namespace: 'shop', resourceVersion: '1' },
    });
    const own = await run(events, { transform: (object) => ({ ...object, spec: 'gone' }) });
    expect(own.informer.get('shop/a')).toMatchObject({ spec: 'gone' });
  });

  it('tells a late subscriber what is here, and one that has left nothing; a faulty one disturbs nobody', async () => {
    const { informer } = await run([event('ADDED', widget('a', '1')), event('SYNC')]);
    const heard: string[] = [];
    informer.subscribe({
      added: () => {
        throw new Error('faulty');
      },
    });
    const leave = informer.subscribe({ added: (object) => heard.push(keyOf(object)) });
    leave();
    expect(heard).toEqual(['shop/a']);
  });

  it('names objects by namespace and name', () => {
    expect(splitKey('shop/a')).toEqual({ namespace: 'shop', name: 'a' });
    expect(splitKey('node-1')).toEqual({ namespace: undefined, name: 'node-1' });
    expect(keyOf({ metadata: { name: 'node-1' } })).toBe('node-1');
  });
});
