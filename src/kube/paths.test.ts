import { describe, expect, it } from 'vitest';
import { objectName, query, resourcePath } from './paths.ts';

const pods = { group: '', version: 'v1', resource: 'pods', namespaced: true };
const nodes = { group: '', version: 'v1', resource: 'nodes', namespaced: false };
const widgets = { group: 'example.com', version: 'v2', resource: 'widgets', namespaced: true };

describe('paths of the API', () => {
  it('lead to lists, objects and subresources', () => {
    expect(resourcePath(pods)).toBe('/api/v1/pods');
    expect(resourcePath(pods, 'shop')).toBe('/api/v1/namespaces/shop/pods');
    expect(resourcePath(pods, 'shop', 'a', 'status')).toBe('/api/v1/namespaces/shop/pods/a/status');
    expect(resourcePath(nodes, 'shop', 'a')).toBe('/api/v1/nodes/a');
    expect(resourcePath(widgets, 'shop', 'a')).toBe('/apis/example.com/v2/namespaces/shop/widgets/a');
  });

  it('do not let a name lead elsewhere', () => {
    expect(resourcePath(pods, 'shop', '../secrets/x')).toBe(
      '/api/v1/namespaces/shop/pods/%2E%2E%2Fsecrets%2Fx',
    );
    expect(resourcePath(pods, '..', '.')).toBe('/api/v1/namespaces/%2E%2E/pods/%2E');
    expect(resourcePath(pods, 'shop', 'system:admin?x')).toBe(
      '/api/v1/namespaces/shop/pods/system%3Aadmin%3Fx',
    );
  });

  it('are refused for an empty name, for they would lead to the whole collection', () => {
    expect(() => resourcePath(pods, 'shop', '')).toThrow('resource name may not be empty');
    expect(() => resourcePath(nodes, undefined, '', 'status')).toThrow('resource name may not be empty');
  });

  it('carry what is set of a query', () => {
    expect(query({ limit: 5, labelSelector: 'a in (b,c)', continue: undefined, fieldSelector: '' })).toBe(
      '?limit=5&labelSelector=a%20in%20(b%2Cc)',
    );
    expect(query({})).toBe('');
  });

  it('name objects for people', () => {
    expect(objectName({ group: 'apps', resource: 'deployments' }, 'shop', 'web')).toBe(
      'deployments.apps shop/web',
    );
    expect(objectName({ group: '', resource: 'nodes' }, undefined, 'a')).toBe('nodes a');
  });
});
