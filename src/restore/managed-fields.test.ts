import { expect, it } from 'vitest';
import { sameManagers, soleManager, withoutManagedFields } from './managed-fields.ts';

const entry = { manager: 'editor', operation: 'Update', apiVersion: 'v1', fieldsV1: { 'f:data': {} } };
const owned = (...managedFields: object[]) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', managedFields },
});

it('V-RST-134 finds the one manager that wrote an object by plain updates', () => {
  expect(soleManager(owned(entry))).toBe('editor');
  expect(soleManager(owned(entry, { ...entry, manager: 'controller', subresource: 'status' }))).toBe(
    'editor',
  );
});

it.each([
  ['several managers', owned(entry, { ...entry, manager: 'other' })],
  ['a server-side apply', owned({ ...entry, operation: 'Apply' })],
  ['an older version', owned({ ...entry, apiVersion: 'v1beta1' })],
  ['no name', owned({ ...entry, manager: '' })],
  ['only a status', owned({ ...entry, subresource: 'status' })],
  ['none', owned()],
])('V-RST-134 leaves it to a patch where there is %s', (_what, object) => {
  expect(soleManager(object)).toBeUndefined();
});

it('V-RST-124 takes the owners of two objects for the same where one manager alone wrote both', () => {
  const later = { ...entry, time: '2024-01-02T03:04:05Z', fieldsV1: { 'f:data': {}, 'f:metadata': {} } };
  expect(sameManagers(owned(entry), owned(later))).toBe(true);
  expect(sameManagers(owned(entry), owned({ ...entry, manager: 'other' }))).toBe(false);
  const two = [entry, { ...entry, manager: 'other' }];
  expect(sameManagers(owned(...two), owned(...two))).toBe(true);
  expect(sameManagers(owned(...two), owned(later, { ...entry, manager: 'other' }))).toBe(false);
  expect(withoutManagedFields(owned(entry)).metadata).toEqual({ name: 'a' });
});
