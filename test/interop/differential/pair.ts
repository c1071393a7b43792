/**
 * The real Velero 1.14.1 and ours side by side on one cluster: the same jobs under the same names, each in its own
 * namespace and below its own prefix of the bucket, and everything that either leaves behind, compared.
 *
 * Whatever belongs to one side carries the word `real` or `ours` as a part of its name, so that both may exist at once;
 * before texts are compared, either word becomes `SIDE`.
 */

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import { Api, type ApiObject } from '../../support/api.ts';
import { BucketFolder } from '../../support/bucket.ts';
import { type Difference, differences } from '../../support/compare.ts';
import {
  createLocation,
  installCrds,
  kubectl,
  type Side,
  startServer,
  type VeleroServer,
  waitForEnd,
} from '../../support/velero.ts';

export const SIDES = ['real', 'ours'] as const;

export type SpecOf = Record<string, unknown> | ((side: Side) => Record<string, unknown>);

/** One row of a table: a job that both sides do. */
export interface Case {
  /** Name of the Backup or Restore; short, since restores put it into names of namespaces. */
  readonly name: string;
  /** What the job is about, for the test's title; requirement numbers first. */
  readonly title: string;
  readonly spec: SpecOf;
  readonly metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  /** Phase in which it must end, so that two sides that both fail at once prove nothing by it. */
  readonly phase?: string;
  /** Differences that are meant; each use says why. */
  readonly except?: (line: string) => boolean;
}

export class Pair {
  readonly cluster: Cluster;
  readonly api: Api;
  readonly servers = {} as Record<Side, VeleroServer>;

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.api = new Api(cluster);
  }

  /** Starts a cluster with the CRDs and a storage location for either side; no server yet. */
  static async create(): Promise<Pair> {
    const pair = new Pair(await startCluster({ velero: true }));
    await installCrds(pair.cluster, pair.api, 'real');
    for (const side of SIDES) {
      await createLocation(pair.cluster, pair.api, namespaceOf(side), { prefix: prefixOf(side) });
    }
    return pair;
  }

  /** Starts both servers, with the same flags. */
  async startServers(flags: readonly string[] = []): Promise<void> {
    await Promise.all(
      SIDES.map(async (side) => {
        this.servers[side] = await startServer(this.cluster, this.api, {
          side,
          namespace: namespaceOf(side),
          // Where plugins of the real one look for their config maps; in a pod it is always set.
          env: { VELERO_NAMESPACE: namespaceOf(side) },
          flags: ['--client-qps', '500', '--client-burst', '1000', ...flags],
        });
      }),
    );
  }

  async stopServers(): Promise<void> {
    await Promise.all(SIDES.map((side) => this.servers[side]?.stop()));
  }

  async stop(): Promise<void> {
    await this.stopServers();
    await this.api.close();
    await this.cluster.stop();
  }

  apply(manifests: string): Promise<string> {
    return kubectl(this.cluster, ['create', '-f', '-'], manifests);
  }

  /** Creates every job on both sides and waits for their ends. */
  async run(
    plural: 'backups' | 'restores',
    cases: readonly Case[],
    seconds = 240,
  ): Promise<Map<string, Record<Side, ApiObject>>> {
    const ended = new Map<string, Record<Side, ApiObject>>();
    await Promise.all(
      SIDES.map(async (side) => {
        for (const one of cases) {
          const spec = typeof one.spec === 'function' ? one.spec(side) : one.spec;
          await this.api.create(`/apis/velero.io/v1/namespaces/${namespaceOf(side)}/${plural}`, {
            apiVersion: 'velero.io/v1',
            kind: plural === 'backups' ? 'Backup' : 'Restore',
            metadata: { ...one.metadata, name: one.name },
            spec,
          });
        }
        for (const { name } of cases) {
          const end = await waitForEnd(this.api, plural, namespaceOf(side), name, seconds);
          ended.set(name, { ...ended.get(name), [side]: end } as Record<Side, ApiObject>);
        }
      }),
    );
    return ended;
  }

  folder(side: Side, kind: 'backups' | 'restores', name: string): BucketFolder {
    return new BucketFolder(this.cluster, prefixOf(side), kind, name);
  }

  /** The lines in which two ended jobs differ: the resources first, then every file in the bucket. */
  compare(kind: 'backups' | 'restores', one: Case, ends: Record<Side, ApiObject>): string[] {
    const lines = new Lines();
    const [left, right] = SIDES.map((side) => this.#counted(kind, one.name, side, ends[side]));
    lines.add('object', left, right, ofTheMoment);
    const [real, ours] = SIDES.map((side) => this.folder(side, kind, one.name)) as [
      BucketFolder,
      BucketFolder,
    ];
    lines.add('files', real.files(), ours.files());
    for (const file of real.files()) {
      if (!ours.has(file) || file.endsWith('-logs.gz') || one.phase === 'Failed') continue;
      if (file.endsWith('.tar.gz')) lines.addSets(file, real.archive(file), ours.archive(file));
      else if (file.includes('results')) lines.addResults(file, real.json(file), ours.json(file));
      else if (file.includes('json')) {
        lines.add(file, read(real, file), read(ours, file), ofTheMoment);
      }
    }
    return lines.all.filter((line) => one.except?.(line) !== true);
  }

  /** A Restore without the false alarms among its warnings. */
  #counted(kind: 'backups' | 'restores', name: string, side: Side, end: ApiObject): ApiObject {
    const folder = this.folder(side, kind, name);
    const file = `restore-${name}-results.gz`;
    if (kind === 'backups' || !folder.has(file)) return end;
    const { cluster = [] } = folder.json<Results>(file).warnings;
    const status = { ...(end['status'] as Record<string, unknown>) };
    const warnings =
      ((status['warnings'] as number | undefined) ?? 0) -
      cluster.filter((text) => FALSE_ALARM.test(text)).length;
    if (warnings > 0) status['warnings'] = warnings;
    else delete status['warnings'];
    return { ...end, status };
  }

  /** Names of the tarball's entries of one kind in the order in which they were written. */
  order(side: Side, name: string, groupResource: string): string[] {
    const file = path.join(this.folder(side, 'backups', name).folder, `${name}.tar.gz`);
    const entries = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).split('\n');
    return entries.filter((entry) => entry.startsWith(`resources/${groupResource}/namespaces/`));
  }
}

export function namespaceOf(side: Side): string {
  return `velero-${side}`;
}

export function prefixOf(side: Side): string {
  return `by-${side}`;
}

/**
 * The real one finds every CRD that exists already different from its backup, since its own action writes the backup's
 * anew in another form; ours compares what is really there.
 */
const FALSE_ALARM = /^could not restore, CustomResourceDefinition "[^"]+" already exists/;

function read(folder: BucketFolder, file: string): unknown {
  const value = JSON.parse(folder.text(file)) as unknown;
  // The real one lists the volumes that it skipped in the random order of a map.
  if (file.includes('resource-list')) {
    const kinds = value as Record<string, string[]>;
    const crds = 'apiextensions.k8s.io/v1/CustomResourceDefinition';
    return kinds[crds] === undefined
      ? kinds
      : { ...kinds, [crds]: kinds[crds].map((name) => name.replace(/\((failed|updated)\)$/, '(skipped)')) };
  }
  if (file.includes('volumeinfo'))
    return sortedBy(value as { pvName?: string }[] | null, (one) => one.pvName ?? '');
  return value;
}

function sortedBy<T>(list: readonly T[] | null, key: (one: T) => string): T[] | null {
  return list && [...list].sort((a, b) => key(a).localeCompare(key(b)));
}

type Result = { velero?: string[]; cluster?: string[]; namespaces?: Record<string, string[]> };
type Results = Record<'warnings' | 'errors', Result>;

/**
 * Texts about an item that the real one puts under `velero` with the item's name at most; ours carry type, namespace and
 * name, and so stand with their namespace.
 */
const MISPLACED = /message: \/(Error backing up item|fail to get PVC? for )/;

/** The texts of results by level and place; those of one place have no order of their own. */
function textsByPlace(results: Results): Map<string, string[]> {
  const places = new Map<string, string[]>();
  const put = (place: string, text: string) => places.set(place, [...(places.get(place) ?? []), text]);
  for (const [level, { velero = [], cluster = [], namespaces = {} }] of Object.entries(results)) {
    const all = Object.entries({ velero, cluster, ...namespaces });
    for (const [place, text] of all.flatMap(([name, texts]) =>
      texts.map((one) => [normal(name), normal(one)] as const),
    )) {
      if (MISPLACED.test(text)) put(`${level}.somewhere`, text.replace(/^.*?message: /, ''));
      else if (!FALSE_ALARM.test(text)) put(`${level}.${place}`, text);
    }
  }
  return places;
}

/** A text without what belongs to one side or to one moment. */
export function normal(text: string): string {
  return (
    text
      .replaceAll(/(?<![a-z])(real|ours)(?![a-z])/g, 'SIDE')
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
      .replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-RANDOM')
      // The real one unpacks a tarball into a folder; ours reads it where it is.
      .replaceAll(/stat (\/tmp\/\d+\/)?resources\//g, 'stat resources/')
  );
}

/** {@link normal} for every text in a value. */
export function normalValue(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(normal(JSON.stringify(value))) as unknown);
}

function ofTheMoment({ path: where }: Difference): boolean {
  return /^metadata\.(uid|resourceVersion|creationTimestamp|generation|managedFields)|[tT]imestamp$|^status\.expiration$/.test(
    where,
  );
}

/** What the original says, and after it in brackets what to do about it: ours does that. */
function isAdvised(real: unknown, ours: unknown): boolean {
  return (
    typeof real === 'string' && typeof ours === 'string' && ours.startsWith(`${real} (`) && ours.endsWith(')')
  );
}

/** Collects differences, one a line. */
export class Lines {
  readonly all: string[] = [];

  add(what: string, left: unknown, right: unknown, ignore: (one: Difference) => boolean = () => false): void {
    for (const one of differences(normalValue(left), normalValue(right))) {
      if (!ignore(one) && !isAdvised(one.left, one.right))
        this.all.push(
          `${what}: ${one.path}: ${JSON.stringify(one.left) ?? 'none'} | ${JSON.stringify(one.right) ?? 'none'}`,
        );
    }
  }

  /** Two files of results: the same texts in the same places. */
  addResults(what: string, left: Results, right: Results): void {
    const [a, b] = [textsByPlace(left), textsByPlace(right)];
    for (const place of new Set([...a.keys(), ...b.keys()])) {
      const ours = [...(b.get(place) ?? [])];
      for (const text of a.get(place) ?? []) {
        const same = ours.indexOf(text);
        const found = same >= 0 ? same : ours.findIndex((other) => isAdvised(text, other));
        if (found >= 0) ours.splice(found, 1);
        else this.all.push(`${what}: ${place}: only the real says: ${text}`);
      }
      for (const text of ours) this.all.push(`${what}: ${place}: only ours says: ${text}`);
    }
  }

  /** Two tarballs: the same entries with the same content. */
  addSets(what: string, left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): void {
    const [a, b] = [left, right].map(
      (entries) => new Map([...entries].map(([name, text]) => [normal(name), text] as const)),
    ) as [Map<string, string>, Map<string, string>];
    for (const name of [...new Set([...a.keys(), ...b.keys()])].sort()) {
      const [x, y] = [a.get(name), b.get(name)];
      if (x === undefined || y === undefined)
        this.all.push(`${what}: ${name}: only in ${x === undefined ? 'ours' : 'the real'}`);
      else if (x !== y && name.endsWith('.json')) {
        this.add(
          `${what}: ${name}`,
          JSON.parse(x),
          JSON.parse(y),
          (one) =>
            // The API server renews its own lease all the time.
            name.includes('leases.coordination') && /renewTime|resourceVersion|\.time$/.test(one.path),
        );
      } else if (x !== y) this.all.push(`${what}: ${name}: ${x} | ${y}`);
    }
  }
}
