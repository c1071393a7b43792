import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { buildPrograms } from '../../dev/cluster/index.ts';
import { crdFiles } from '../../scripts/crds.ts';
import { differences } from '../support/compare.ts';

/**
 * Our CRDs of velero.io against those that the real Velero 1.14.1 installs, word for word but for the descriptions:
 * types, formats, enums, required and nullable fields, list and map kinds, columns, names and subresources.
 */

interface Crd {
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: {
    names: { kind: string; shortNames?: string[] };
    scope: string;
    versions: { name: string; served: boolean; storage: boolean; subresources?: unknown }[];
  };
}

const real = new Map<string, Crd>();
const ours = new Map<string, Crd>();

beforeAll(async () => {
  const { velero } = await buildPrograms(['velero']);
  const args = ['install', '--crds-only', '--dry-run', '-o', 'yaml'];
  const { stdout } = await promisify(execFile)(velero as string, args, { maxBuffer: 64 * 1024 * 1024 });
  for (const document of parseAllDocuments(stdout)) {
    const value = document.toJS() as Crd | { items: Crd[] };
    for (const crd of 'items' in value ? value.items : [value]) real.set(crd.spec.names.kind, crd);
  }
  for (const manifest of crdFiles().values()) {
    const crd = parse(manifest) as Crd;
    ours.set(crd.spec.names.kind, crd);
  }
});

/** A manifest without its descriptions and without what only a running server fills in. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(
    ([name, field]) => !(name === 'description' && typeof field === 'string') && field !== null,
  );
  return Object.fromEntries(fields.map(([name, field]) => [name, bare(field)]));
}

/** Paths of all default values; a field that is called so is none. */
function defaults(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === 'default' && !path.endsWith('.properties') ? [path] : []),
    ...defaults(inner, `${path}.${name}`),
  ]);
}

function comparable(crd: Crd | undefined): unknown {
  if (crd === undefined) return undefined;
  const { metadata, spec } = bare(crd) as { metadata: Crd['metadata']; spec: unknown };
  const { labels, annotations, name } = metadata;
  return { metadata: { labels, annotations, name }, spec };
}

describe('the CRDs that the real Velero installs', () => {
  it('V-CRD-001 V-CRD-002 V-CRD-003 are 13, namespaced, with one version each that is served and stored', () => {
    const facts = (crds: Iterable<Crd>) =>
      [...crds]
        .map(
          (crd) =>
            `${crd.metadata.name} ${crd.spec.names.kind} ${crd.spec.scope} ${JSON.stringify(crd.spec.versions.map(({ name, served, storage }) => ({ name, served, storage })))}`,
        )
        .sort();
    const oursOfVelero = [...ours.values()].filter((crd) => crd.metadata.name.endsWith('.velero.io'));
    expect(real.size).toBe(13);
    expect(facts(oursOfVelero)).toEqual(facts(real.values()));
  });

  it('V-CRD-004 V-CRD-005 V-CRD-006 V-CRD-007 have the same short names, subresources, generator, label and no defaults', () => {
    for (const [kind, crd] of real) {
      const mine = ours.get(kind);
      expect(mine?.spec.names.shortNames, kind).toEqual(crd.spec.names.shortNames);
      expect(mine?.spec.versions[0]?.subresources, kind).toEqual(crd.spec.versions[0]?.subresources);
      expect(mine?.metadata.annotations, kind).toEqual(crd.metadata.annotations);
      expect(mine?.metadata.labels, kind).toEqual(crd.metadata.labels);
      expect(defaults(mine?.spec), kind).toEqual([]);
    }
  });

  const kinds = [
    ['V-CRD-009 V-CRD-010 V-CRD-011 V-CRD-013 V-CRD-014 V-CRD-015 V-CRD-016 V-CRD-018 V-CRD-019', 'Backup'],
    ['V-CRD-019 V-CRD-020 V-CRD-021 V-CRD-022 V-CRD-023 V-CRD-024 V-CRD-025 V-CRD-026', 'Restore'],
    ['V-CRD-030 V-CRD-031 V-CRD-032', 'Schedule'],
    ['V-CRD-040 V-CRD-041 V-CRD-042', 'BackupStorageLocation'],
    ['V-CRD-043', 'VolumeSnapshotLocation'],
    ['V-CRD-050', 'DeleteBackupRequest'],
    ['V-CRD-051 V-CRD-052', 'DownloadRequest'],
    ['V-CRD-053', 'ServerStatusRequest'],
    ['V-CRD-060 V-CRD-061', 'BackupRepository'],
    ['V-CRD-062 V-CRD-063 V-CRD-064', 'PodVolumeBackup'],
    ['V-CRD-065 V-CRD-066', 'PodVolumeRestore'],
    ['V-CRD-070 V-CRD-071 V-CRD-073', 'DataUpload'],
    ['V-CRD-072 V-CRD-073', 'DataDownload'],
  ] as const;
  it.each(kinds)('%s %s is the same field by field', (_numbers, kind) => {
    const mine = comparable(ours.get(kind));
    const theirs = comparable(real.get(kind));
    expect(theirs).toBeDefined();
    expect(differences(mine, theirs)).toEqual([]);
  });
});
