/** Where in the API a resource lives. */

import type { ApiResource, ListOptions } from './contract.ts';
import { KubeError } from './errors.ts';

/**
 * `/api/v1/namespaces/shop/configmaps/settings`; the namespace is left out of cluster-scoped resources.
 * @throws KubeError NotFound where the name is empty: the server takes the path that this makes for that of the whole
 * collection, so that a delete would delete all
 */
export function resourcePath(
  resource: Pick<ApiResource, 'group' | 'version' | 'resource' | 'namespaced'>,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  if (name === '') {
    throw new KubeError({
      message: 'resource name may not be empty',
      status: 404,
      reason: 'NotFound',
      object: objectName(resource, namespace),
    });
  }
  let path =
    resource.group === ''
      ? `/api/${encode(resource.version)}`
      : `/apis/${encode(resource.group)}/${encode(resource.version)}`;
  if (resource.namespaced && namespace !== undefined && namespace !== '') {
    path += `/namespaces/${encode(namespace)}`;
  }
  path += `/${encode(resource.resource)}`;
  if (name !== undefined) path += `/${encode(name)}`;
  if (subresource !== undefined && subresource !== '') path += `/${subresource}`;
  return path;
}

function encode(segment: string): string {
  // Nearly all names are plain; a name must never lead out of its place in the path.
  if (/^[a-z0-9.:-]+$/i.test(segment) && segment !== '.' && segment !== '..') return segment;
  return encodeURIComponent(segment).replace(/\./g, '%2E');
}

/** `?a=b&c=d`, or nothing; undefined and empty values are left out. */
export function query(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  let text = '';
  for (const key in values) {
    const value = values[key];
    if (value === undefined || value === '') continue;
    text += `${text === '' ? '?' : '&'}${key}=${encodeURIComponent(value)}`;
  }
  return text;
}

/** The selectors of list options as query values. */
export function selectors(options: Pick<ListOptions, 'labelSelector' | 'fieldSelector'>): {
  labelSelector: string | undefined;
  fieldSelector: string | undefined;
} {
  return { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector };
}

/** `configmaps shop/settings`, as messages name an object. */
export function objectName(
  resource: Pick<ApiResource, 'group' | 'resource'>,
  namespace?: string,
  name?: string,
): string {
  const type = resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`;
  const place = [namespace, name].filter((part) => part !== undefined && part !== '').join('/');
  return place === '' ? type : `${type} ${place}`;
}
