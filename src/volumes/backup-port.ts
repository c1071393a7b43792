/**
 * The volumes of one backup: reads what a decision needs, decides, and calls whoever moves data. Fits the backup
 * engine's VolumeBackupPort (internal/volumehelper, pkg/podvolume/backupper.go and takePVSnapshot of the original).
 */

import type { Backup } from '../api/backup.ts';
import type { BackupOperation } from '../api/documents/item-operation.ts';
import { readResourceIdentifier } from '../api/documents/item-operation.ts';
import type { NativeSnapshot } from '../api/documents/native-snapshot.ts';
import type { KubeObject } from '../api/object.ts';
import type { PodVolumeBackup } from '../api/pod-volume-backup.ts';
import type { VolumeSnapshotLocation } from '../api/volume-snapshot-location.ts';
import type { ApiResource, KubeClient } from '../kube/contract.ts';
import { Failure, wrap } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { VolumeSnapshotter } from '../plugin/contract.ts';
import { type CsiResources, csiResources, noCsiResources } from './csi-resources.ts';
import { decideFileBackup, decideSnapshot, isFileBackupChosen, type PodVolumeView } from './decide.ts';
import { NativeSnapshots } from './native-snapshots.ts';
import { type PodView, requireNodeAgent, whyNotRunning } from './node-agent.ts';
import type { ResourcePolicies } from './resource-policies.ts';

/** What the engine says with every call. */
interface Context {
  backup: Backup;
  log: Logger;
  signal: AbortSignal;
  claimsExcluded: boolean;
}

export interface VolumeBackupOptions {
  kube: KubeClient;
  policies: ResourcePolicies | undefined;
  features: ReadonlySet<string>;
  /** In the order in which they are tried; `spec.config` holds what the provider needs. */
  snapshotLocations: readonly VolumeSnapshotLocation[];
  volumeSnapshotter(provider: string): Promise<VolumeSnapshotter>;
  /** Moves pod volumes; without it their backup is refused with a reason. */
  podVolumes?: PodVolumeBackupper | undefined;
}

/** A pod's volume that is to be backed up as files, with what stands behind it. */
export interface FileVolume {
  volume: PodVolumeView;
  claim: KubeObject | undefined;
  pv: KubeObject | undefined;
}

/** Makes PodVolumeBackups and follows them; the data path behind it is its own business. */
export interface PodVolumeBackupper {
  /** Starts these volumes' backups. */
  start(pod: KubeObject, volumes: readonly FileVolume[], context: Context): Promise<PodVolumesResult>;
  /** Waits for all that were started; failures are logged as errors. */
  finish(context: Context): Promise<readonly PodVolumeBackup[]>;
}

export interface PodVolumesResult {
  taken: readonly string[];
  takenVolumes: readonly string[];
  skippedVolumes: readonly { pvName: string; reason: string }[];
  errors: readonly Error[];
}

interface ClaimView extends KubeObject {
  spec?: { volumeName?: string };
  status?: { phase?: string };
}
interface PvView extends KubeObject {
  spec?: { claimRef?: { name?: string; namespace?: string } | null };
}

/** The volumes of one backup; make one for each backup. */
export class VolumeBackup {
  readonly #options: VolumeBackupOptions;
  readonly #snapshots: NativeSnapshots;
  /** By namespace: claims that some pod has backed up as files by its annotations. */
  readonly #fileClaims = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(options: VolumeBackupOptions) {
    this.#options = options;
    this.#snapshots = new NativeSnapshots(options.snapshotLocations, (provider) =>
      options.volumeSnapshotter(provider),
    );
  }

  get hasPolicies(): boolean {
    return this.#options.policies !== undefined;
  }

  policyAction(pv: KubeObject): string | undefined {
    return this.#options.policies?.actionForPv(pv)?.type;
  }

  async wantsFileBackup(pod: KubeObject, volumeName: string, context: Context): Promise<boolean> {
    const volume = (pod as PodView).spec?.volumes?.find(({ name }) => name === volumeName);
    if (volume === undefined) return false;
    const { namespace = '', name = '', annotations = {} } = pod.metadata;
    const decide = (policy: ReturnType<ResourcePolicies['actionForPv']>) =>
      decideFileBackup({
        pod: `${namespace}/${name}`,
        volume,
        annotations,
        claimsExcluded: context.claimsExcluded,
        defaultToFiles: context.backup.spec.defaultVolumesToFsBackup === true,
        policy: policy?.type,
      });
    let decision = decide(undefined);
    const { policies } = this.#options;
    if (policies !== undefined && isEligible(volume, context.claimsExcluded)) {
      const claimName = volume.persistentVolumeClaim?.claimName;
      decision = decide(
        claimName === undefined
          ? policies.actionForPodVolume({ ...volume })
          : policies.actionForPv(await this.#pvOfPodVolume(pod, volumeName, claimName, context)),
      );
    }
    if (isEligible(volume, context.claimsExcluded)) context.log.info(decision.message);
    else context.log.debug(decision.message);
    return decision.yes;
  }

  async wantsSnapshot(object: KubeObject, context: Context): Promise<boolean> {
    const { log, signal, backup } = context;
    let pv: KubeObject;
    if (object.kind === 'PersistentVolumeClaim') {
      try {
        pv = await this.#pvOfClaim(object, signal);
      } catch (error) {
        const { namespace = '', name = '' } = object.metadata;
        log.error(`fail to get PV for PVC ${namespace}/${name}`, { error });
        throw error;
      }
    } else {
      pv = object;
    }
    const pvName = pv.metadata.name ?? '';
    const policy = this.#options.policies?.actionForPv(pv)?.type;
    let fileBackedUp = false;
    const claim = (pv as PvView).spec?.claimRef;
    if (policy === undefined && claim) {
      try {
        const claims = await this.#claimsAsFiles(claim.namespace ?? '', context);
        fileBackedUp = claims.has(claim.name ?? '');
      } catch (error) {
        log.error(`fail to get pod for PV ${pvName}`, { error });
        throw error;
      }
    }
    const decision = decideSnapshot({
      pvName,
      policy,
      fileBackedUp,
      snapshotVolumes: backup.spec.snapshotVolumes,
    });
    log.info(decision.message);
    return decision.yes;
  }

  async backUpPodVolumes(
    pod: KubeObject,
    volumeNames: readonly string[],
    context: Context,
  ): Promise<PodVolumesResult> {
    const { log, signal } = context;
    const { namespace = '', name = '' } = pod.metadata;
    log.info(`pod ${namespace}/${name} has volumes to backup: [${volumeNames.join(' ')}]`);
    const errors: Error[] = [];
    const chosen: FileVolume[] = [];
    for (const volume of (pod as PodView).spec?.volumes ?? []) {
      const file = await this.#fileVolume(namespace, volume, signal).catch((error: unknown) => {
        errors.push(wrap(error, 'error getting persistent volume claim for volume'));
        return undefined;
      });
      if (file !== undefined && volumeNames.includes(volume.name)) chosen.push(file);
    }
    const notRunning = whyNotRunning(pod);
    if (notRunning !== undefined) return skipAll(pod, volumeNames, chosen, notRunning, log);
    const nothing = { taken: [], takenVolumes: [], skippedVolumes: [] };
    try {
      await requireNodeAgent(this.#options.kube, (pod as PodView).spec?.nodeName ?? '', signal);
      if (this.#options.podVolumes === undefined) {
        throw new Failure({
          code: 'POD_VOLUMES_UNAVAILABLE',
          message: `the volumes of pod ${namespace}/${name} cannot be backed up: this server has no data path for file system backups`,
          object: `pod ${namespace}/${name}`,
          remedy: 'opt these volumes out, or snapshot them',
        });
      }
      const result = await this.#options.podVolumes.start(pod, chosen, context);
      return { ...result, errors: [...errors, ...result.errors] };
    } catch (error) {
      return { ...nothing, errors: [error instanceof Error ? error : new Error(String(error))] };
    }
  }

  snapshot(
    pv: KubeObject,
    context: Context,
  ): Promise<
    { kind: 'taken'; snapshot: NativeSnapshot; error?: Error } | { kind: 'skipped'; reason: string }
  > {
    if (this.policyAction(pv) === 'skip') {
      context.log.info(`skip snapshot of pv ${pv.metadata.name ?? ''} for the matched resource policies`);
      const reason = "matched action is 'skip' in chosen resource policies";
      return Promise.resolve({ kind: 'skipped', reason });
    }
    return this.#snapshots.take(pv, context.backup, context.log);
  }

  async finish(
    operations: readonly BackupOperation[],
    context: Context,
  ): Promise<
    CsiResources & {
      podVolumeBackups: readonly PodVolumeBackup[];
      dataUploads: readonly KubeObject[];
    }
  > {
    const { kube, features, podVolumes } = this.#options;
    const podVolumeBackups = (await podVolumes?.finish(context)) ?? [];
    const csi = features.has('EnableCSI')
      ? await csiResources(kube, context.backup, context.log, context.signal)
      : noCsiResources;
    const dataUploads = features.has('EnableCSI') ? await this.#dataUploads(operations, context) : [];
    return { podVolumeBackups, ...csi, dataUploads };
  }

  async #dataUploads(operations: readonly BackupOperation[], context: Context): Promise<KubeObject[]> {
    const uploads: KubeObject[] = [];
    for (const { spec } of operations) {
      for (const item of (spec.postOperationItems ?? []).map(readResourceIdentifier)) {
        if (item.group !== 'velero.io' || item.resource !== 'datauploads') continue;
        try {
          uploads.push(
            await this.#read(item.group, item.resource, item.name, item.namespace, context.signal),
          );
        } catch (error) {
          context.log.warn(`fail to get DataUpload for operation ${spec.operationID}`, { error });
        }
      }
    }
    return uploads;
  }

  async #fileVolume(namespace: string, volume: PodVolumeView, signal: AbortSignal): Promise<FileVolume> {
    const claimName = volume.persistentVolumeClaim?.claimName;
    if (claimName === undefined) return { volume, claim: undefined, pv: undefined };
    const claim = await this.#read('', 'persistentvolumeclaims', claimName, namespace, signal);
    const pvName = (claim as ClaimView).spec?.volumeName ?? '';
    const pv =
      pvName === '' ? undefined : await this.#read('', 'persistentvolumes', pvName, undefined, signal);
    return { volume, claim, pv };
  }

  /** The PV behind a volume of a pod; that it cannot be told is an error of the backup, and thrown. */
  async #pvOfPodVolume(
    pod: KubeObject,
    volumeName: string,
    claimName: string,
    { log, signal }: Context,
  ): Promise<KubeObject> {
    const { namespace = '', name = '' } = pod.metadata;
    let claim: KubeObject;
    try {
      claim = await this.#read('', 'persistentvolumeclaims', claimName, namespace, signal);
    } catch (cause) {
      const error = wrap(cause, `failed to get PVC ${claimName} for Volume ${namespace}/${volumeName}`);
      log.error(`fail to get PVC for pod ${namespace}/${name}`, { error });
      throw error;
    }
    try {
      return await this.#pvOfClaim(claim, signal);
    } catch (error) {
      log.error(`fail to get PV for PVC ${namespace}/${claimName}`, { error });
      throw error;
    }
  }

  async #pvOfClaim(claim: KubeObject, signal: AbortSignal): Promise<KubeObject> {
    const { spec, status } = claim as ClaimView;
    const { namespace = '', name = '' } = claim.metadata;
    const pvName = spec?.volumeName ?? '';
    const object = `persistentvolumeclaim ${namespace}/${name}`;
    if (pvName === '') {
      throw new Failure({
        code: 'CLAIM_NOT_BOUND',
        message: `PVC ${namespace}/${name} has no volume backing this claim`,
        object,
      });
    }
    if (status?.phase !== 'Bound') {
      throw new Failure({
        code: 'CLAIM_NOT_BOUND',
        message: `PVC ${namespace}/${name} is in phase ${status?.phase ?? ''} and is not bound to a volume`,
        object,
      });
    }
    return this.#read('', 'persistentvolumes', pvName, undefined, signal).catch((error: unknown) =>
      Promise.reject(wrap(error, `failed to get PV ${pvName} for PVC ${namespace}/${name}`)),
    );
  }

  /** One list of pods a namespace, whatever the number of its claims. */
  #claimsAsFiles(namespace: string, context: Context): Promise<ReadonlySet<string>> {
    let claims = this.#fileClaims.get(namespace);
    if (claims === undefined) {
      claims = this.#readClaimsAsFiles(namespace, context);
      this.#fileClaims.set(namespace, claims);
      // A failure is for the PV that asked; the next one tries again.
      claims.catch(() => this.#fileClaims.delete(namespace));
    }
    return claims;
  }

  async #readClaimsAsFiles(namespace: string, context: Context): Promise<ReadonlySet<string>> {
    const claims = new Set<string>();
    const defaultToFiles = context.backup.spec.defaultVolumesToFsBackup === true;
    const { signal } = context;
    for await (const page of this.#options.kube.pages(this.#resource('', 'pods'), { namespace, signal })) {
      for (const { object } of page.items) {
        const { annotations = {} } = object.metadata;
        for (const volume of (object as PodView).spec?.volumes ?? []) {
          const claim = volume.persistentVolumeClaim?.claimName;
          if (claim !== undefined && isFileBackupChosen(annotations, volume.name, defaultToFiles)) {
            claims.add(claim);
          }
        }
      }
    }
    return claims;
  }

  #resource(group: string, resource: string): ApiResource {
    const found = this.#options.kube.discovery.find(group, resource);
    if (found !== undefined) return found;
    throw new Failure({
      code: 'RESOURCE_NOT_SERVED',
      message: `the cluster does not serve ${resource}${group === '' ? '' : `.${group}`}`,
    });
  }

  async #read(
    group: string,
    resource: string,
    name: string,
    namespace: string | undefined,
    signal: AbortSignal,
  ): Promise<KubeObject> {
    return this.#options.kube.get(this.#resource(group, resource), name, namespace, signal);
  }
}

function isEligible(volume: PodVolumeView, claimsExcluded: boolean): boolean {
  return decideFileBackup({
    pod: '',
    volume,
    annotations: {},
    claimsExcluded,
    defaultToFiles: true,
    policy: undefined,
  }).yes;
}

function skipAll(
  pod: KubeObject,
  volumeNames: readonly string[],
  chosen: readonly FileVolume[],
  why: string,
  log: Logger,
): PodVolumesResult {
  const { name = '', namespace = '' } = pod.metadata;
  const reason = `encountered a problem with backing up the PVC of pod ${namespace}/${name}: ${why}`;
  for (const volumeName of volumeNames) log.warn(`Skip pod volume ${volumeName}`, { error: why });
  const skippedVolumes = chosen.flatMap((file) => {
    const claim: ClaimView | undefined = file.claim;
    const pvName = claim?.spec?.volumeName ?? '';
    return pvName === '' ? [] : [{ pvName, reason }];
  });
  return { taken: [], takenVolumes: [], skippedVolumes, errors: [] };
}
