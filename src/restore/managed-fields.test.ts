import { expect, it } from 'vitest';
import { soleManager } from './managed-fields.ts';

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
