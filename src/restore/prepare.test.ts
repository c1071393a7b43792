import { describe, expect, it } from 'vitest';
import type { Backup } from '../api/backup.ts';
import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import type { Restore, RestoreSpec } from '../api/restore.ts';
import { latestCompleted, NON_RESTORABLE_RESOURCES, prepareRestore, type RestoreSources } from './prepare.ts';

const OPTIONS = { namespace: 'velero', itemOperationTimeout: '4h0m0s' };

function backup(name: string, more: Partial<Backup> = {}): Backup {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name, namespace: 'velero' },
    spec: { storageLocation: 'default' },
    status: { phase: 'Completed' },
    ...more,
  };
}

const location: BackupStorageLocation = {
  apiVersion: 'velero.io/v1',
  kind: 'BackupStorageLocation',
  metadata: { name: 'default', namespace: 'velero' },
  spec: { provider: 'aws', objectStorage: { bucket: 'b' } },
};

function sources(more: Partial<RestoreSources> = {}): RestoreSources {
  return {
    backupsOfSchedule: async () => [],
    backup: async (name) => backup(name),
    location: async () => location,
    configMap: async () => ({}),
    ...more,
  };
}

function restore(spec: RestoreSpec): Restore {
  return { apiVersion: 'velero.io/v1', kind: 'Restore', metadata: { name: 'r1', namespace: 'velero' }, spec };
}

async function faults(spec: RestoreSpec, more: Partial<RestoreSources> = {}): Promise<readonly string[]> {
  const prepared = await prepareRestore(restore(spec), sources(more), OPTIONS);
  expect(prepared.restore.status?.validationErrors ?? []).toEqual(prepared.validationErrors);
  if (prepared.validationErrors.length > 0) expect(prepared.backup).toBeUndefined();
  return prepared.validationErrors;
}

describe('preparing a restore', () => {
  it('V-RST-005 V-RST-024 adds what cannot be restored to the excludes and keeps those given', async () => {
    const given = restore({ backupName: 'b1', excludedResources: ['secrets', 'nodes'] });
    const prepared = await prepareRestore(given, sources(), OPTIONS);
    expect(prepared.validationErrors).toEqual([]);
    expect(prepared.restore.spec.excludedResources).toEqual([
      'secrets',
      'nodes',
      ...NON_RESTORABLE_RESOURCES.filter((resource) => resource !== 'nodes'),
    ]);
    expect(prepared.backup?.metadata.name).toBe('b1');
    expect(prepared.location).toBe(location);
    expect(given.spec.excludedResources).toEqual(['secrets', 'nodes']);
  });

  it('V-RST-006 V-RST-007 V-RST-008 V-RST-011 gathers the faults of all lists', async () => {
    expect(
      await faults({
        backupName: 'b1',
        includedResources: ['nodes', '*'],
        includedNamespaces: ['a', 'b', '*'],
        excludedNamespaces: ['b', 'a', '*'],
      }),
    ).toEqual([
      'nodes are non-restorable resources',
      "Invalid included/excluded resource lists: includes list must either contain '*' only, or a non-empty list of items",
      'Invalid included/excluded resource lists: excludes list cannot contain an item in the includes list: nodes',
      "Invalid included/excluded namespace lists: includes list must either contain '*' only, or a non-empty list of items",
      "Invalid included/excluded namespace lists: excludes list cannot contain '*'",
      'Invalid included/excluded namespace lists: excludes list cannot contain an item in the includes list: *',
      'Invalid included/excluded namespace lists: excludes list cannot contain an item in the includes list: a',
      'Invalid included/excluded namespace lists: excludes list cannot contain an item in the includes list: b',
    ]);
  });

  it('V-RST-008 does not check the syntax of namespace names', async () => {
    expect(await faults({ backupName: 'b1', includedNamespaces: ['Not A Name'] })).toEqual([]);
  });

  it('V-RST-009 refuses both selectors', async () => {
    expect(
      await faults({ backupName: 'b1', labelSelector: { matchLabels: { a: 'b' } }, orLabelSelectors: [{}] }),
    ).toEqual([
      'encountered labelSelector as well as orLabelSelectors in restore spec, only one can be specified',
    ]);
  });

  it('V-RST-010 V-RST-011 wants exactly one source and stops there', async () => {
    const text = 'Either a backup or schedule must be specified as a source for the restore, but not both';
    expect(await faults({ existingResourcePolicy: 'bad' as 'none', includedResources: ['nodes'] })).toEqual([
      'nodes are non-restorable resources',
      'Invalid included/excluded resource lists: excludes list cannot contain an item in the includes list: nodes',
      `${text} (set one of spec.backupName and spec.scheduleName; both are empty)`,
    ]);
    expect(await faults({ backupName: 'b1', scheduleName: 's1' })).toEqual([
      `${text} (set one of spec.backupName and spec.scheduleName; both are set)`,
    ]);
  });

  it('V-RST-012 V-RST-013 V-RHK-005 checks init containers and selectors of hooks', async () => {
    const incomplete = "invalid InitContainer in restore hook, it doesn't have Command, Name or Image field";
    const hook = (container: Record<string, unknown>): RestoreSpec => ({
      backupName: 'b1',
      hooks: { resources: [{ name: 'h', postHooks: [{ init: { initContainers: [container] } }] }] },
    });
    expect(await faults(hook({ name: 'a', image: 'b', command: ['c'] }))).toEqual([]);
    expect(await faults(hook({ name: 'a', image: 'b' }))).toEqual([incomplete]);
    expect(await faults(hook({ name: 'a', command: ['c'] }))).toEqual([incomplete]);
    expect(await faults(hook({ image: 'b', command: ['c'] }))).toEqual([incomplete]);
    expect(await faults(hook({ name: 'a', image: 'b', command: 'c' }))).toEqual([
      'json: cannot unmarshal string into Go struct field Container.command of type []string',
    ]);
    const selector = await faults({
      backupName: 'b1',
      hooks: {
        resources: [
          { name: 'h', labelSelector: { matchExpressions: [{ key: 'a', operator: 'Near' as 'In' }] } },
        ],
      },
    });
    expect(selector).toEqual(['"Near" is not a valid label selector operator']);
  });

  it('V-RST-014 knows two policies, in lower case', async () => {
    expect(await faults({ backupName: 'b1', existingResourcePolicy: 'Update' as 'update' })).toEqual([
      'Invalid ExistingResourcePolicy: Update (use none or update)',
    ]);
    expect(await faults({ backupName: 'b1', existingResourcePolicy: 'update' })).toEqual([]);
    expect(await faults({ backupName: 'b1', existingResourcePolicy: 'none' })).toEqual([]);
  });

  it('V-RST-015 V-RST-016 says what is wrong with the backups of a schedule', async () => {
    expect(
      await faults(
        { scheduleName: 's1' },
        { backupsOfSchedule: () => Promise.reject(new Error('the server is away')) },
      ),
    ).toEqual(['Unable to list backups for schedule (s1: the server is away)']);
    const noneCompleted =
      'No completed backups found for schedule (wait until a backup of s1 is Completed, or name a backup in spec.backupName)';
    expect(await faults({ scheduleName: 's1' })).toEqual([
      'No backups found for schedule (no backup bears the label velero.io/schedule-name=s1: check spec.scheduleName)',
      noneCompleted,
    ]);
    expect(
      await faults(
        { scheduleName: 's1' },
        { backupsOfSchedule: async () => [backup('b1', { status: { phase: 'PartiallyFailed' } })] },
      ),
    ).toEqual([noneCompleted]);
  });

  it('V-RST-017 takes the latest completed backup of a schedule', async () => {
    const at = (name: string, startTimestamp: string | undefined, phase: 'Completed' | 'PartiallyFailed') =>
      backup(name, { status: startTimestamp === undefined ? { phase } : { phase, startTimestamp } });
    const backups = [
      at('none', undefined, 'Completed'),
      at('old', '2024-01-01T00:00:00Z', 'Completed'),
      at('new', '2024-01-03T00:00:00Z', 'Completed'),
      at('newest', '2024-01-04T00:00:00Z', 'PartiallyFailed'),
    ];
    expect(latestCompleted(backups)?.metadata.name).toBe('new');
    const prepared = await prepareRestore(
      restore({ scheduleName: 's1' }),
      sources({ backupsOfSchedule: async () => backups }),
      OPTIONS,
    );
    expect(prepared.restore.spec).toMatchObject({ scheduleName: 's1', backupName: 'new' });
  });

  it('V-RST-018 says which backup or location cannot be read', async () => {
    expect(
      await faults(
        { backupName: 'b1' },
        { backup: () => Promise.reject(new Error('backups.velero.io "b1" not found')) },
      ),
    ).toEqual([
      `Error retrieving backup: can't find backup velero/b1: backups.velero.io "b1" not found (\`velero backup get\` lists what there is; a backup that lies in a bucket only appears once its storage location has been synced)`,
    ]);
    expect(
      await faults({ backupName: 'b1' }, { location: () => Promise.reject(new Error('no such location')) }),
    ).toEqual([
      'Error retrieving backup: no such location (backup b1 lies in backup storage location "default": create that location again, or restore another backup)',
    ]);
  });

  it('V-RST-019 takes a named backup in whatever phase', async () => {
    const failed = { backup: async (name: string) => backup(name, { status: { phase: 'Failed' } }) };
    expect(await faults({ backupName: 'b1' }, failed)).toEqual([]);
  });

  it('V-RST-020 fills in the schedule of the backup', async () => {
    const labelled = backup('b1');
    labelled.metadata.labels = { 'velero.io/schedule-name': 's1' };
    const prepared = await prepareRestore(
      restore({ backupName: 'b1' }),
      sources({ backup: async () => labelled }),
      OPTIONS,
    );
    expect(prepared.restore.spec.scheduleName).toBe('s1');
  });

  it('V-RST-021 V-RST-022 V-RST-023 V-MOD-001 reads resource modifiers from a ConfigMap only', async () => {
    const spec = (kind: string): RestoreSpec => ({
      backupName: 'b1',
      resourceModifier: { apiGroup: '', kind, name: 'rules' },
    });
    const away = { configMap: () => Promise.reject(new Error('gone')) };
    expect(await faults(spec('Secret'), away)).toEqual([]);
    expect(await faults(spec('ConfigMap'), away)).toEqual([
      'failed to get resource modifiers configmap velero/rules',
    ]);
    expect(await faults(spec('configmap'), { configMap: async () => ({ data: { a: '', b: '' } }) })).toEqual([
      'Error in parsing resource modifiers provided in configmap velero/rules: illegal resource modifiers velero/rules configmap',
    ]);
    expect(
      await faults(spec('configmap'), {
        configMap: async () => ({ data: { a: 'version: v1\nbogus: 1\n' } }),
      }),
    ).toEqual([
      'Error in parsing resource modifiers provided in configmap velero/rules: failed to decode yaml data into resource modifiers, err: error unmarshaling JSON: while decoding JSON: json: unknown field "bogus"',
    ]);
    expect(
      await faults(spec('configmap'), { configMap: async () => ({ data: { a: 'version: v2\n' } }) }),
    ).toEqual([
      'Validation error in resource modifiers provided in configmap velero/rules: unsupported resource modifier version v2',
    ]);
  });

  it('V-RST-025 sets the operation timeout, also of a restore that is refused', async () => {
    const refused = await prepareRestore(restore({}), sources(), OPTIONS);
    expect(refused.restore.spec.itemOperationTimeout).toBe('4h0m0s');
    const zero = await prepareRestore(
      restore({ backupName: 'b1', itemOperationTimeout: '0s' }),
      sources(),
      OPTIONS,
    );
    expect(zero.restore.spec.itemOperationTimeout).toBe('4h0m0s');
    const given = await prepareRestore(
      restore({ backupName: 'b1', itemOperationTimeout: '5m' }),
      sources(),
      OPTIONS,
    );
    expect(given.restore.spec.itemOperationTimeout).toBe('5m');
  });
});
