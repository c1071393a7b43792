import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/object.ts';
import { silentLogger } from '../../lib/log.ts';
import { applyModifiers } from './apply.ts';
import { readResourceModifiers, validateResourceModifiers } from './modifiers.ts';
import { isGoFloat, patchText } from './patch-text.ts';

function read(text: string) {
  return readResourceModifiers({ 'rules.yaml': text }, 'velero/rules');
}

/** Rules given as YAML below `resourceModifierRules`, validated. */
function rules(text: string) {
  const modifiers = read(`version: v1\nresourceModifierRules:\n${text}`);
  expect(validateResourceModifiers(modifiers)).toBeUndefined();
  return modifiers;
}

const claim: KubeObject = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data-0', namespace: 'shop', labels: { app: 'db' } },
  spec: { storageClassName: 'gold', resources: { requests: { storage: '1Gi' } } },
};

const deployment: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { replicas: 1, template: { spec: { containers: [{ name: 'main', image: 'a' }] } } },
};

function modify(text: string, object = claim, groupResource = 'persistentvolumeclaims') {
  return applyModifiers(object, groupResource, rules(text), silentLogger);
}

function specAfter(text: string, object = claim, groupResource = 'persistentvolumeclaims'): unknown {
  const { object: changed, errors } = modify(text, object, groupResource);
  expect(errors).toEqual([]);
  return changed['spec'];
}

const CONDITION = '- conditions: {groupResource: persistentvolumeclaims}\n';

describe('the file of resource modifiers', () => {
  it('V-MOD-001 wants exactly one key', () => {
    for (const data of [{}, { a: '', b: '' }] as Record<string, string>[]) {
      expect(() => readResourceModifiers(data, 'velero/rules')).toThrow(
        'illegal resource modifiers velero/rules configmap',
      );
    }
  });

  it('V-MOD-002 refuses unknown and duplicate fields', () => {
    for (const text of [
      'version: v1\nrules: []',
      'version: v1\nversion: v1',
      'version: v1\nresourceModifierRules: [{conditions: {groupResource: pods, x: 1}}]',
      'version: v1\nresourceModifierRules: [{patches: [{op: add}]}]',
    ]) {
      expect(() => read(text)).toThrow(/^failed to decode yaml data into resource modifiers, err: /);
    }
  });

  it('V-MOD-003 V-MOD-004 reads all its fields', () => {
    const text = `
version: v1
resourceModifierRules:
- conditions:
    namespaces: [a]
    groupResource: pods
    resourceNameRegex: ^x
    labelSelector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: In, values: [d]}]}
    matches: [{path: /a, value: b}]
  patches: [{operation: move, from: /a, path: /b, value: c}]
- conditions: {groupResource: pods}
  mergePatches: [{patchData: "a: b"}]
- conditions: {groupResource: pods}
  strategicPatches: [{patchData: "{}"}]
`;
    const { version, resourceModifierRules } = read(text);
    expect(version).toBe('v1');
    expect(resourceModifierRules[0]).toEqual({
      conditions: {
        namespaces: ['a'],
        groupResource: 'pods',
        resourceNameRegex: '^x',
        labelSelector: {
          matchLabels: { a: 'b' },
          matchExpressions: [{ key: 'c', operator: 'In', values: ['d'] }],
        },
        matches: [{ path: '/a', value: 'b' }],
      },
      patches: [{ operation: 'move', from: '/a', path: '/b', value: 'c' }],
      mergePatches: [],
      strategicPatches: [],
    });
    expect(resourceModifierRules[1]?.mergePatches).toEqual([{ patchData: 'a: b' }]);
    expect(resourceModifierRules[2]?.strategicPatches).toEqual([{ patchData: '{}' }]);
  });

  it('V-MOD-005 takes numbers and booleans for their text, nothing for the empty text, and no mappings', () => {
    const values = (text: string) =>
      read(`version: v1\nresourceModifierRules: [{patches: [{operation: add, path: /a, value: ${text}}]}]`)
        .resourceModifierRules[0]?.patches[0]?.value;
    expect(values('true')).toBe('true');
    expect(values('3')).toBe('3');
    expect(values('~')).toBe('');
    expect(values('"3"')).toBe('3');
    expect(() => values('{a: b}')).toThrow('failed to decode yaml data');
    expect(() => values('[a]')).toThrow('failed to decode yaml data');
  });

  it('V-MOD-006 V-MOD-007 V-MOD-008 V-MOD-009 V-MOD-010 V-MOD-011 stops at the first fault', () => {
    const fault = (text: string) => validateResourceModifiers(read(text));
    const rule = (text: string) => fault(`version: v1\nresourceModifierRules: [${text}]`);
    expect(fault('version: v2')).toBe('unsupported resource modifier version v2');
    expect(fault('version: V1')).toBe('resource modifier rules cannot be empty');
    expect(rule('{patches: [{operation: bad}]}')).toBe('groupkResource cannot be empty');
    expect(rule('{conditions: {groupResource: pods}}')).toBeUndefined();
    expect(
      rule(
        '{conditions: {groupResource: pods}, mergePatches: [{patchData: a}], patches: [{operation: bad}]}',
      ),
    ).toBe('only one of patches, mergePatches, strategicPatches can be specified');
    const patch = (text: string) => rule(`{conditions: {groupResource: pods}, patches: [${text}]}`);
    expect(patch('{path: /a}')).toBe('operation cannot be empty');
    expect(patch('{operation: bad}')).toBe('unsupported operation bad');
    expect(patch('{operation: Add}')).toBe('path cannot be empty');
    expect(patch('{operation: Add, path: /a}')).toBeUndefined();
  });
});

describe('matching', () => {
  const PATCH = '\n  mergePatches: [{patchData: "spec: {storageClassName: new}"}]\n';
  const matched = (conditions: string, object = claim, groupResource = 'persistentvolumeclaims') =>
    (
      modify(`- conditions: {${conditions}}${PATCH}`, object, groupResource).object['spec'] as {
        storageClassName?: string;
      }
    ).storageClassName === 'new';
  const errorOf = (conditions: string) => modify(`- conditions: {${conditions}}${PATCH}`).errors;

  it('V-MOD-012 looks at the object as it was, and patches one after the other', () => {
    const text =
      `${CONDITION}  mergePatches: [{patchData: "spec: {storageClassName: silver}"}]\n` +
      '- conditions: {groupResource: persistentvolumeclaims, matches: [{path: /spec/storageClassName, value: gold}]}\n' +
      '  mergePatches: [{patchData: "spec: {tier: two}"}]\n' +
      '- conditions: {groupResource: persistentvolumeclaims, matches: [{path: /spec/storageClassName, value: silver}]}\n' +
      '  mergePatches: [{patchData: "spec: {tier: three}"}]\n';
    expect(specAfter(text)).toMatchObject({ storageClassName: 'silver', tier: 'two' });
    expect(claim['spec']).toMatchObject({ storageClassName: 'gold' });
  });

  it('V-MOD-013 tests the original namespace with globs and skips that for cluster scope', () => {
    expect(matched('groupResource: persistentvolumeclaims, namespaces: [sh*]')).toBe(true);
    expect(matched('groupResource: persistentvolumeclaims, namespaces: ["*"]')).toBe(true);
    expect(matched('groupResource: persistentvolumeclaims, namespaces: [other]')).toBe(false);
    const cluster = { ...claim, metadata: { name: 'x' } };
    expect(matched('groupResource: persistentvolumeclaims, namespaces: [other]', cluster)).toBe(true);
  });

  it('V-MOD-014 takes the resource as a glob whose star stops at dots', () => {
    expect(matched('groupResource: "*"')).toBe(true);
    expect(matched('groupResource: "*"', claim, 'deployments.apps')).toBe(false);
    expect(matched('groupResource: "**"', claim, 'deployments.apps')).toBe(true);
    expect(matched('groupResource: "*.apps"', claim, 'deployments.apps')).toBe(true);
    expect(errorOf('groupResource: "[a"')).toHaveLength(1);
  });

  it('V-MOD-015 searches the name, and complains of bad expressions and selectors only now', () => {
    expect(matched('groupResource: persistentvolumeclaims, resourceNameRegex: ta-')).toBe(true);
    expect(matched('groupResource: persistentvolumeclaims, resourceNameRegex: ^ta-')).toBe(false);
    expect(matched('groupResource: persistentvolumeclaims, resourceNameRegex: (?i)TA-')).toBe(true);
    expect(errorOf('groupResource: persistentvolumeclaims, resourceNameRegex: "("')[0]).toMatch(
      /^error in matching regex /,
    );
    expect(
      errorOf(
        'groupResource: persistentvolumeclaims, labelSelector: {matchExpressions: [{key: a, operator: Near}]}',
      )[0],
    ).toMatch(/^error in creating label selector /);
    expect(matched('groupResource: persistentvolumeclaims, labelSelector: {matchLabels: {app: db}}')).toBe(
      true,
    );
    expect(matched('groupResource: persistentvolumeclaims, labelSelector: {matchLabels: {app: web}}')).toBe(
      false,
    );
  });

  it('V-MOD-016 V-MOD-017 tests values; a mismatch is no match, a missing parent or path an error', () => {
    const matches = (text: string) => `groupResource: persistentvolumeclaims, matches: [${text}]`;
    expect(matched(matches('{path: /spec/storageClassName, value: gold}'))).toBe(true);
    expect(
      matched(matches('{path: /spec/storageClassName, value: gold}, {path: /metadata/name, value: other}')),
    ).toBe(false);
    expect(errorOf(matches('{path: /nowhere/at/all, value: x}'))).toHaveLength(1);
    expect(errorOf(matches('{value: x}'))).toEqual(['path is required for match rule']);
  });

  it('V-MOD-018 stops at the first condition that does not hold', () => {
    expect(modify(`- conditions: {groupResource: pods, resourceNameRegex: "("}${PATCH}`)).toEqual({
      object: claim,
      errors: [],
    });
  });
});

describe('patching', () => {
  it('V-MOD-019 V-MOD-020 goes on after a rule that fails, and leaves the object as it was before it', () => {
    const text =
      `${CONDITION}  patches: [{operation: add, path: /spec/a, value: b}, {operation: remove, path: /spec/none}]\n` +
      `${CONDITION}\n` +
      `${CONDITION}  patches: [{operation: replace, path: /spec/storageClassName, value: new}]\n`;
    const { object, errors } = modify(text);
    expect(errors[0]).toMatch(/^error in applying patch error in applying JSON Patch /);
    expect(errors[1]).toBe('no patch data found');
    expect(errors).toHaveLength(2);
    expect(object['spec']).toEqual({ storageClassName: 'new', resources: { requests: { storage: '1Gi' } } });
  });

  it('V-MOD-021 writes values as the rules for quoting say', () => {
    const value = (text: string) =>
      (
        JSON.parse(patchText([{ operation: 'add', from: '', path: '/a', value: text }])) as {
          value: unknown;
        }[]
      )[0]?.value;
    expect(value('')).toBe('');
    expect(value('"true"')).toBe('true');
    expect(value('null')).toBeNull();
    expect(value('true')).toBe(true);
    expect(value('{"a":1}')).toEqual({ a: 1 });
    expect(value('[1]')).toEqual([1]);
    expect(value('1.5')).toBe(1.5);
    expect(value('1e999')).toBe('1e999');
    expect(value('v1')).toBe('v1');
  });

  it.each([
    ['0x10', false],
    ['0x1p4', true],
    ['1_000', true],
    ['0x_1p4', true],
    ['NaN', true],
    ['-inf', true],
    ['+Infinity', true],
    ['1e5', true],
    ['1e999', false],
    ['.5', true],
    ['5.', true],
    ['-', false],
    ['1e', false],
    ['0b1', false],
    ['007', true],
    [' 1', false],
  ])('V-MOD-021 takes %s for a number as Go does: %s', (text, number) => {
    expect(isGoFloat(text)).toBe(number);
  });

  it.each(['a"b', 'a\\q', 'True', 'NaN', 'Inf', '007'])('V-MOD-022 cannot insert %s', (value) => {
    const { errors, object } = modify(
      `${CONDITION}  patches: [{operation: add, path: /spec/a, value: '${value}'}]\n`,
    );
    expect(errors[0]).toMatch(/error in decoding json patch /);
    expect(object).toBe(claim);
  });

  it('V-MOD-023 cancels a rule silently whose test fails, as one document', () => {
    const text = `${CONDITION}  patches: [{operation: add, path: /spec/a, value: b}, {operation: test, path: /spec/storageClassName, value: silver}]\n`;
    expect(modify(text)).toEqual({ object: claim, errors: [] });
  });

  it('V-MOD-024 passes the operation as written', () => {
    const { errors } = modify(`${CONDITION}  patches: [{operation: Add, path: /spec/a, value: b}]\n`);
    expect(errors[0]).toMatch(/Unexpected kind: Add/);
  });

  it('V-MOD-025 merges in order, null deletes, and says what is wrong', () => {
    const text = `${CONDITION}  mergePatches: [{patchData: '{"spec":{"storageClassName":null,"a":1}}'}, {patchData: "spec: {a: 2}"}]\n`;
    expect(specAfter(text)).toEqual({ a: 2, resources: { requests: { storage: '1Gi' } } });
    expect(modify(`${CONDITION}  mergePatches: [{patchData: "a: [1"}]\n`).errors[0]).toMatch(
      /^error in applying patch error in converting YAML to JSON /,
    );
    expect(modify(`${CONDITION}  mergePatches: [{patchData: "[1]"}]\n`).errors[0]).toMatch(
      /^error in applying patch error in applying JSON Patch: /,
    );
  });

  it('V-MOD-026 knows the lists of the kinds of the original only', () => {
    const text = `- conditions: {groupResource: ingresses.networking.k8s.io}\n  strategicPatches: [{patchData: "{}"}]\n`;
    const ingress = { ...claim, apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' };
    expect(modify(text, ingress, 'ingresses.networking.k8s.io').errors[0]).toMatch(
      /^error in applying patch no kind "Ingress" is registered for version "networking.k8s.io\/v1" in scheme/,
    );
  });

  it('V-MOD-027 merges lists by their keys', () => {
    const text = `- conditions: {groupResource: deployments.apps}\n  strategicPatches: [{patchData: '{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"b"}]}}}}'}, {patchData: 'spec: {template: {spec: {containers: [{name: side, image: c}]}}}'}]\n`;
    expect(specAfter(text, deployment, 'deployments.apps')).toMatchObject({
      template: {
        spec: {
          containers: [
            { name: 'side', image: 'c' },
            { name: 'main', image: 'b' },
          ],
        },
      },
    });
  });
});
