import { assert, jsonValue, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeProblem, validate } from './validate.ts';

const backup = (spec: unknown, status: unknown = {}) => ({
  apiVersion: 'velero.io/v1',
  kind: 'Backup',
  metadata: { name: 'a' },
  spec,
  status,
});
const lines = (object: unknown, options = {}) => validate('Backup', object, options).map(describeProblem);

describe('validate', () => {
  it('V-CRD-009 takes null where the original does', () => {
    const spec = {
      includedNamespaces: null,
      labelSelector: null,
      snapshotVolumes: null,
      hooks: { resources: null },
    };
    expect(lines(backup(spec, { expiration: null, progress: null }))).toEqual([]);
  });

  it('takes null for any field that need not be there, as the API server drops it', () => {
    expect(lines(backup({ ttl: null, storageLocation: null }))).toEqual([]);
  });

  it('says where, what and what is allowed instead', () => {
    expect(
      lines(
        backup({
          ttl: 24,
          includedNamespaces: 'shop',
          snapshotVolumes: 'yes',
          orderedResources: { pods: 1 },
        }),
      ),
    ).toEqual([
      'spec.ttl: is the number 24; allowed: a length of time such as "1h30m"',
      'spec.includedNamespaces: is a text; allowed: a list of texts or null',
      'spec.snapshotVolumes: is a text; allowed: true or false or null',
      'spec.orderedResources.pods: is the number 1; allowed: a text',
    ]);
    expect(lines(backup(undefined, { phase: 'Done', startTimestamp: 'yesterday', warnings: 1.5 }))).toEqual([
      expect.stringMatching(/^status\.phase: is "Done"; allowed: "New", "FailedValidation", .*, "Deleting"$/),
      'status.startTimestamp: is "yesterday"; allowed: a time such as 2006-01-02T15:04:05Z',
      'status.warnings: is the number 1.5; allowed: a whole number',
    ]);
  });

  it('V-CRD-015 finds faults inside lists', () => {
    const resources = [{ name: 'a', pre: [{ exec: { command: [] } }, {}] }, {}];
    expect(lines(backup({ hooks: { resources } }))).toEqual([
      'spec.hooks.resources[0].pre[0].exec.command: has 0 items; allowed: at least 1',
      'spec.hooks.resources[0].pre[1].exec: is missing; allowed: an object',
      'spec.hooks.resources[1].name: is missing; allowed: a text',
    ]);
  });

  it('speaks of unknown fields only when it is asked to be strict', () => {
    const object = backup({ hooks: { resource: [] } });
    expect(lines(object)).toEqual([]);
    expect(lines(object, { strict: true })).toEqual([
      'spec.hooks.resource: is not a known field; allowed: resources',
    ]);
  });

  it('checks what kind of object it is and its name', () => {
    expect(lines({ apiVersion: 'velero.io/v2', kind: 'Restore', metadata: {} })).toEqual([
      'apiVersion: is "velero.io/v2"; allowed: "velero.io/v1"',
      'kind: is "Restore"; allowed: "Backup"',
      'metadata.name: is missing; allowed: a name, or metadata.generateName',
    ]);
    expect(lines({ ...backup({}), metadata: { name: 'Not_A_Name' } })).toHaveLength(1);
    expect(lines({ ...backup({}), metadata: { name: 'a'.repeat(254) } })).toHaveLength(1);
    expect(lines({ ...backup({}), metadata: { generateName: 'a-' } })).toEqual([]);
    expect(lines([])).toEqual(['the object: is a list; allowed: an object']);
    expect(lines(null)).toEqual(['the object: is null; allowed: an object']);
  });

  it('O-DPA-030 takes a list of controllers to switch off, and only known ones', () => {
    const application = (controllers: unknown) => ({
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataProtectionApplication',
      metadata: { name: 'a' },
      spec: { configuration: { velero: { args: { 'disabled-controllers': controllers } } } },
    });
    expect(validate('DataProtectionApplication', application(['gc', 'restore']))).toEqual([]);
    expect(validate('DataProtectionApplication', application(['gc', 'mail']))).toHaveLength(1);
  });

  it('takes numbers beyond 2^53 that were read with all their digits', () => {
    const spec = { node: '', pod: {}, volume: '', backupStorageLocation: '', repoIdentifier: '' };
    const status = { progress: { totalBytes: JSON.rawJSON('9007199254740993') } };
    const meta = { apiVersion: 'velero.io/v1', kind: 'PodVolumeBackup', metadata: { name: 'a' } };
    expect(validate('PodVolumeBackup', { ...meta, spec, status })).toEqual([]);
  });

  it('never throws, whatever it is given', () => {
    assert(
      property(jsonValue(), jsonValue(), (spec, status) => {
        validate('Backup', backup(spec, status), { strict: true });
        validate('DataProtectionApplication', spec);
      }),
    );
  });
});
