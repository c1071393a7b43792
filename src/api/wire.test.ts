import { describe, expect, it } from 'vitest';
import type { Backup } from './backup.ts';
import { backupOperation } from './documents/item-operation.ts';
import { nativeSnapshot } from './documents/native-snapshot.ts';
import { storedResults } from './documents/result.ts';
import { backupVolumeInfo, restoreVolumeInfo } from './documents/volume-info.ts';
import { kindToWire, readKind, toWire } from './wire.ts';

const text = (value: unknown): string => JSON.stringify(value);

describe('kindToWire', () => {
  it('V-CRD-008 writes durations and structs always, empty strings, zeros, false and empty lists never', () => {
    const backup: Backup = {
      status: { phase: 'New', warnings: 0, validationErrors: [], failureReason: '' },
      spec: { storageLocation: '', includedNamespaces: [], volumeSnapshotLocations: [], datamover: '' },
      metadata: { namespace: 'velero', name: 'nightly' },
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
    };
    expect(text(kindToWire('Backup', backup))).toBe(
      '{"kind":"Backup","apiVersion":"velero.io/v1",' +
        '"metadata":{"name":"nightly","namespace":"velero","creationTimestamp":null},' +
        '"spec":{"metadata":{},"ttl":"0s","hooks":{},"csiSnapshotTimeout":"0s","itemOperationTimeout":"0s"},' +
        '"status":{"phase":"New"}}',
    );
  });

  it('V-CRD-007 V-CRD-013 spells durations as Go does, cuts times to seconds in UTC, and keeps false where it is not absence', () => {
    const backup = {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: {
        name: 'a',
        labels: { b: '2', a: '1' },
        creationTimestamp: '2026-01-02T03:04:05Z',
        custom: 1,
      },
      spec: {
        ttl: '720h',
        snapshotVolumes: false,
        csiSnapshotTimeout: '',
        orderedResources: { pods: 'x', apps: 'y' },
      },
      status: { startTimestamp: '2026-01-02T05:04:05.999+02:00', expiration: null, progress: {} },
      extra: true,
    };
    expect(text(kindToWire('Backup', backup))).toBe(
      '{"kind":"Backup","apiVersion":"velero.io/v1",' +
        '"metadata":{"name":"a","creationTimestamp":"2026-01-02T03:04:05Z","labels":{"a":"1","b":"2"},"custom":1},' +
        '"spec":{"metadata":{},"snapshotVolumes":false,"ttl":"720h0m0s","hooks":{},' +
        '"orderedResources":{"apps":"y","pods":"x"},"csiSnapshotTimeout":"0s","itemOperationTimeout":"0s"},' +
        '"status":{"startTimestamp":"2026-01-02T03:04:05Z","progress":{}},"extra":true}',
    );
  });

  it('writes what Go has no omitempty for: empty uploader types, absent references and lists as null', () => {
    const meta = { apiVersion: 'velero.io/v1', kind: 'x', metadata: { name: 'a' } };
    const wire = kindToWire('PodVolumeBackup', {
      ...meta,
      spec: { node: 'n', pod: { namespace: 'shop', kind: 'Pod' } },
    });
    expect(text(wire['spec'])).toBe(
      '{"node":"n","pod":{"kind":"Pod","namespace":"shop"},"volume":"","backupStorageLocation":"","repoIdentifier":"","uploaderType":""}',
    );
    expect(text(kindToWire('DataUpload', { ...meta, spec: {} })['spec'])).toBe(
      '{"snapshotType":"","csiSnapshot":null,"sourcePVC":"","backupStorageLocation":"","sourceNamespace":"","operationTimeout":"0s"}',
    );
    const restore = {
      ...meta,
      spec: {
        resourceModifier: { kind: 'ConfigMap', name: 'm' },
        hooks: { resources: [{ name: 'h', postHooks: [{ init: {} }] }] },
      },
    };
    expect(text(kindToWire('Restore', restore)['spec'])).toBe(
      '{"hooks":{"resources":[{"name":"h","postHooks":[{"init":{"initContainers":null,"timeout":"0s"}}]}]},' +
        '"itemOperationTimeout":"0s","resourceModifier":{"apiGroup":null,"kind":"ConfigMap","name":"m"}}',
    );
    expect(
      text(kindToWire('DataProtectionApplication', { ...meta, spec: { configuration: {} } })['spec']),
    ).toBe(
      '{"backupLocations":null,"snapshotLocations":null,"podDnsConfig":{},"configuration":{},"features":null}',
    );
  });

  it('leaves the object as it was, keeps wide numbers and gives the same again', () => {
    const object = {
      apiVersion: 'velero.io/v1',
      kind: 'PodVolumeBackup',
      metadata: { name: 'a' },
      spec: { tags: { b: '1', a: '2' } },
      status: { progress: { totalBytes: JSON.rawJSON('9007199254740993') } },
    };
    const before = text(object);
    const once = kindToWire('PodVolumeBackup', object);
    expect(text(object)).toBe(before);
    expect(text(once['status'])).toBe('{"progress":{"totalBytes":9007199254740993}}');
    expect(text(kindToWire('PodVolumeBackup', once))).toBe(text(once));
  });
});

describe('toWire', () => {
  it('V-STO-041 V-STO-042 V-STO-043 writes an operation with its capitalised identifiers', () => {
    const operation = {
      status: { updated: '2026-01-02T03:04:05Z', phase: 'InProgress', nCompleted: 0 },
      spec: {
        operationID: 'du-1',
        backupName: 'b',
        backupUID: 'u',
        backupItemAction: 'velero.io/csi-pvc-backupper',
        resourceIdentifier: {
          Name: 'data',
          Namespace: 'shop',
          Resource: 'persistentvolumeclaims',
          Group: '',
        },
      },
    };
    expect(text(toWire(backupOperation, operation))).toBe(
      '{"spec":{"backupName":"b","backupUID":"u","backupItemAction":"velero.io/csi-pvc-backupper",' +
        '"resourceIdentifier":{"Group":"","Resource":"persistentvolumeclaims","Namespace":"shop","Name":"data"},' +
        '"operationID":"du-1","postOperationItems":null},' +
        '"status":{"phase":"InProgress","updated":"2026-01-02T03:04:05Z"}}',
    );
  });

  it('V-STO-040 V-STO-044 V-STO-046 V-STO-047 V-STO-052 writes snapshots, results and volume infos with what is always there', () => {
    expect(
      text(toWire(nativeSnapshot, { spec: { backupName: 'b', volumeIOPS: 0 }, status: { phase: 'New' } })),
    ).toBe(
      '{"spec":{"backupName":"b","backupUID":"","location":"","persistentVolumeName":"","providerVolumeID":"",' +
        '"volumeType":"","volumeIOPS":0},"status":{"phase":"New"}}',
    );
    expect(
      text(
        toWire(storedResults, { warnings: { namespaces: { b: ['2'], a: ['1'] }, velero: [] }, errors: {} }),
      ),
    ).toBe('{"errors":{},"warnings":{"namespaces":{"a":["1"],"b":["2"]}}}');
    expect(
      text(toWire(backupVolumeInfo, { pvInfo: { reclaimPolicy: 'Delete' }, skipped: true, pvName: 'pv' })),
    ).toBe(
      '{"pvName":"pv","snapshotDataMoved":false,"preserveLocalSnapshot":false,"skipped":true,' +
        '"pvInfo":{"reclaimPolicy":"Delete","labels":null}}',
    );
    const csi = { snapshotHandle: 'h', size: 0, driver: 'd', vscName: 'v', operationID: '' };
    expect(text(toWire(restoreVolumeInfo, { restoreMethod: 'CSISnapshot', csiSnapshotInfo: csi }))).toBe(
      '{"restoreMethod":"CSISnapshot","snapshotDataMoved":false,"csiSnapshotInfo":{"snapshotHandle":"h","size":0,"driver":"d","vscName":"v"}}',
    );
  });
});

describe('readKind', () => {
  it('gives spec and status to an object that came without', () => {
    const bare: Backup = { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name: 'a' } } as Backup;
    expect(readKind(bare)).toEqual({ ...bare, spec: {}, status: {} });
  });
});
