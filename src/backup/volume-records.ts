/** What the volume infos of a backup need to know of its PVs (pvcPvMap in internal/volume/volumes_information.go). */

import type { KubeObject } from '../api/object.ts';

/** A PV that went through the backup. */
export interface VolumeRecord {
  pvName: string;
  /** Empty where the PV is not claimed. */
  claimName: string;
  claimNamespace: string;
  reclaimPolicy: string;
  labels: Record<string, string> | null;
}

interface VolumeSpec {
  claimRef?: { name?: string; namespace?: string };
  persistentVolumeReclaimPolicy?: string;
}

export class VolumeRecords {
  readonly #byName = new Map<string, VolumeRecord>();
  readonly #byClaim = new Map<string, VolumeRecord>();

  addVolume(pv: KubeObject): void {
    const spec = (pv as { spec?: VolumeSpec }).spec ?? {};
    const record: VolumeRecord = {
      pvName: pv.metadata.name ?? '',
      claimName: spec.claimRef?.name ?? '',
      claimNamespace: spec.claimRef?.namespace ?? '',
      reclaimPolicy: spec.persistentVolumeReclaimPolicy ?? '',
      labels: pv.metadata.labels ?? null,
    };
    this.#byName.set(record.pvName, record);
    if (record.claimName !== '') {
      this.#byClaim.set(`${record.claimNamespace}/${record.claimName}`, record);
    }
  }

  ofVolume(name: string): VolumeRecord | undefined {
    return this.#byName.get(name);
  }

  ofClaim(namespace: string, name: string): VolumeRecord | undefined {
    return this.#byClaim.get(`${namespace}/${name}`);
  }
}
