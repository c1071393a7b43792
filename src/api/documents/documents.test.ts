import { describe, expect, it } from 'vitest';
import { readResourceIdentifier, storeResourceIdentifier } from './item-operation.ts';
import {
  resourceListEntry,
  resourceListKey,
  restoredItemResults,
  sortResourceList,
} from './resource-list.ts';
import { addToResult, countResult, emptyResult, mergeResults } from './result.ts';

describe('resource identifiers', () => {
  const item = { group: 'apps', resource: 'deployments', namespace: 'shop', name: 'web' };

  it('V-STO-043 are stored with capitals and read with or without', () => {
    const stored = { Group: 'apps', Resource: 'deployments', Namespace: 'shop', Name: 'web' };
    expect(storeResourceIdentifier(item)).toEqual(stored);
    expect(readResourceIdentifier(stored)).toEqual(item);
    expect(readResourceIdentifier({ ...item })).toEqual(item);
  });

  it('are empty where nothing or nothing sensible is stored', () => {
    expect(readResourceIdentifier({ Name: 'web', name2: 'x', Group: 7 })).toEqual({
      group: '',
      resource: '',
      namespace: '',
      name: 'web',
    });
  });
});

describe('results', () => {
  it('V-STO-044 group messages by namespace, and count and merge them', () => {
    const result = emptyResult();
    addToResult(result, '', 'node gone');
    addToResult(result, 'shop', 'one');
    addToResult(result, 'shop', 'two');
    addToResult(result, 'constructor', 'a namespace like any other');
    mergeResults(result, { velero: ['store slow'], namespaces: { shop: ['three'], web: ['four'] } });
    expect(JSON.parse(JSON.stringify(result))).toEqual(
      JSON.parse(
        '{"velero":["store slow"],"cluster":["node gone"],"namespaces":' +
          '{"shop":["one","two","three"],"constructor":["a namespace like any other"],"web":["four"]}}',
      ),
    );
    expect(countResult(result)).toBe(7);
    expect(countResult({})).toBe(0);
  });
});

describe('resource lists', () => {
  it('V-STO-053 name items of a kind, with what became of them in a restore', () => {
    expect(resourceListKey('apps/v1', 'Deployment')).toBe('apps/v1/Deployment');
    expect(resourceListKey('v1', 'Pod')).toBe('v1/Pod');
    expect(resourceListEntry('shop', 'web')).toBe('shop/web');
    expect(restoredItemResults.map((word) => resourceListEntry('', 'pv1', word))).toEqual([
      'pv1(created)',
      'pv1(updated)',
      'pv1(failed)',
      'pv1(skipped)',
    ]);
  });

  it('are sorted by kind and item', () => {
    expect(
      JSON.stringify(sortResourceList({ 'v1/Pod': ['b/x', 'a/y', 'a/x'], 'apps/v1/Deployment': [] })),
    ).toBe('{"apps/v1/Deployment":[],"v1/Pod":["a/x","a/y","b/x"]}');
  });
});
