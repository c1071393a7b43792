import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { customResourceDefinition } from './crd.ts';
import { RECONCILED, unsupportedOverrideKeys } from './data-protection-application.ts';
import { DEFINITIONS } from './definitions.ts';
import type { Structural } from './schema.ts';

const definition = DEFINITIONS.DataProtectionApplication;

/** A place in the schema; `[]` for the items of a list, `{}` for the values of a map. */
function at(path: string, kind = definition): Structural {
  let place = kind.schema;
  for (const step of path.split('/')) {
    const next =
      step === '[]' ? place.items : step === '{}' ? place.additionalProperties : place.properties?.[step];
    if (next === undefined) throw new Error(`no ${step} in ${path}`);
    place = next;
  }
  return place;
}

const fields = (path: string, kind = definition) => Object.keys(at(path, kind).properties ?? {});

/** Everything that a manifest says but for descriptions, as one number: see the comment at its use. */
function digest(kind: typeof definition): string {
  const canonical = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(canonical);
    if (typeof value !== 'object' || value === null) return value;
    const kept = Object.entries(value).filter(
      ([name, field]) => !(name === 'description' && typeof field === 'string'),
    );
    return Object.fromEntries(
      kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, canonical(field)]),
    );
  };
  const { metadata, spec } = customResourceDefinition(kind);
  return createHash('sha256')
    .update(JSON.stringify(canonical({ metadata, spec })))
    .digest('hex');
}

describe('the CRDs of oadp.openshift.io', () => {
  // The same numbers made of the manifests in config/crd/bases of the operator's branch oadp-1.4 (27e0a94), with the
  // words of disabled-controllers moved from the list to its items. The operator cannot be had as a Go module, so that
  // its manifests cannot be read here; test/cluster/api/crds.test.ts compares with a checkout where there is one.
  it('O-DPA-001 O-DPA-002 O-DPA-003 O-DPA-004 O-DPA-005 O-DPA-018 O-DPA-019 O-DPA-022 O-DPA-023 O-DPA-027 O-DPA-029 O-DPA-031 O-DPA-036 of the DataProtectionApplication say what the original says', () => {
    expect(digest(definition)).toBe('b7da2437e7e1edce90953c2c44db2e9c5f12ffa8f25e4a420fef65ed4f9bcf43');
  });

  it('O-CS-001 O-CS-002 of the CloudStorage say what the original says', () => {
    expect(digest(DEFINITIONS.CloudStorage)).toBe(
      'f0584432e28fbe4675a259c44802f4936dda4d4c5e961e85ee9289cbce25c83e',
    );
  });
});

describe('DataProtectionApplication', () => {
  it('O-DPA-001 O-DPA-002 is namespaced with a short name and a status of its own, and has no columns', () => {
    expect(definition).toMatchObject({
      namespaced: true,
      shortNames: ['dpa'],
      subresources: { status: {} },
      columns: [],
    });
  });

  it('O-DPA-003 fills in nothing but the name of a credential inside the velero blocks', () => {
    const defaults: string[] = [];
    const walk = (schema: Structural, path: string): void => {
      if (schema.default !== undefined) defaults.push(`${path} = ${JSON.stringify(schema.default)}`);
      for (const [name, field] of Object.entries(schema.properties ?? {})) walk(field, `${path}/${name}`);
      if (schema.items !== undefined) walk(schema.items, `${path}/[]`);
      if (schema.additionalProperties !== undefined) walk(schema.additionalProperties, `${path}/{}`);
    };
    walk(definition.schema, '');
    expect(defaults).toEqual([
      '/spec/backupLocations/[]/velero/credential/name = ""',
      '/spec/snapshotLocations/[]/velero/credential/name = ""',
    ]);
  });

  it('O-DPA-004 O-DPA-005 O-DPA-007 O-DPA-009 requires the configuration, and the parts of a location that are there', () => {
    expect(at('spec').required).toEqual(['configuration']);
    expect(at('spec/configuration').required).toBeUndefined();
    expect(fields('spec/backupLocations/[]')).toEqual(['name', 'velero', 'bucket']);
    expect(at('spec/backupLocations/[]/bucket').required).toEqual(['cloudStorageRef']);
    expect(fields('spec/backupLocations/[]/bucket')).not.toContain('accessMode');
    expect(fields('spec/backupLocations/[]/bucket')).not.toContain('validationFrequency');
    expect(at('spec/snapshotLocations/[]').required).toEqual(['velero']);
  });

  it('O-DPA-010 takes any override and knows nine', () => {
    expect(at('spec/unsupportedOverrides/{}')).toEqual({ type: 'string' });
    expect(unsupportedOverrideKeys).toHaveLength(9);
  });

  it('O-DPA-014 calls the pull policy imagePullPolicy and knows three', () => {
    expect(at('spec/imagePullPolicy').enum).toEqual(['Always', 'IfNotPresent', 'Never']);
    expect(fields('spec')).not.toContain('containerImagePullPolicy');
  });

  it('O-DPA-016 has neither a log format nor anything for other users outside the arguments', () => {
    expect(fields('spec')).not.toContain('logFormat');
    expect(fields('spec')).not.toContain('nonAdmin');
    expect(at('spec/configuration/velero/args/log-format').enum).toEqual(['text', 'json']);
  });

  it('O-DPA-018 O-DPA-019 O-DPA-023 knows eight plugins and seven log levels, and takes further plugins with an image', () => {
    const velero = 'spec/configuration/velero';
    expect(at(`${velero}/defaultPlugins/[]`).enum).toEqual([
      'aws',
      'legacy-aws',
      'gcp',
      'azure',
      'csi',
      'vsm',
      'openshift',
      'kubevirt',
    ]);
    expect(at(`${velero}/customPlugins/[]`).required).toEqual(['name', 'image']);
    expect(at(`${velero}/logLevel`).enum).toEqual([
      'trace',
      'debug',
      'info',
      'warning',
      'error',
      'fatal',
      'panic',
    ]);
  });

  it('O-DPA-022 O-DPA-033 O-DPA-034 shapes the pods of all three parts, and demands an uploader of the node agent alone', () => {
    for (const part of ['velero', 'nodeAgent', 'restic']) {
      const pod = `spec/configuration/${part}/podConfig`;
      expect(fields(pod)).toEqual(['labels', 'nodeSelector', 'tolerations', 'resourceAllocations', 'env']);
      expect(at(`${pod}/resourceAllocations`).nullable).toBe(true);
    }
    expect(at('spec/configuration/nodeAgent').required).toEqual(['uploaderType']);
    expect(at('spec/configuration/nodeAgent/uploaderType').enum).toEqual(['restic', 'kopia']);
    expect(fields('spec/configuration/restic')).toEqual([
      'enable',
      'supplementalGroups',
      'timeout',
      'podConfig',
    ]);
  });

  it('O-DPA-037 has one condition', () => {
    expect(RECONCILED).toMatchObject({
      type: 'Reconciled',
      reasonComplete: 'Complete',
      messageComplete: 'Reconcile complete',
    });
  });
});
