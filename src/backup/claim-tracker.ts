/** Which claims were met in pods, and whether their data goes by file backup (pkg/podvolume/snapshot_tracker.go). */

import type { KubeObject } from '../api/object.ts';

/** What a pod's volumes say about claims. */
export interface PodVolume {
  name: string;
  persistentVolumeClaim?: { claimName?: string };
}

/** The volumes of a pod. */
export function podVolumes(pod: KubeObject): readonly PodVolume[] {
  const { spec } = pod as { spec?: { volumes?: readonly PodVolume[] | null } };
  return spec?.volumes ?? [];
}

type ClaimState = 'tracked' | 'taken' | 'opted out';

export class ClaimTracker {
  readonly #states = new Map<string, ClaimState>();
  readonly #pods = new Map<string, string>();

  /** The volume is chosen for file backup. */
  track(pod: KubeObject, volume: PodVolume): void {
    this.#record(pod, volume, 'tracked', undefined);
  }

  /** The volume's file backup was started. */
  take(pod: KubeObject, volume: PodVolume): void {
    this.#record(pod, volume, 'taken', 'tracked');
  }

  /** The volume is not chosen for file backup. */
  optOut(pod: KubeObject, volume: PodVolume): void {
    this.#record(pod, volume, 'opted out', undefined);
  }

  /** The pod that opted this claim out, where no other chose it before. */
  optedOutBy(namespace: string, claim: string): string | undefined {
    const key = `${namespace}/${claim}`;
    return this.#states.get(key) === 'opted out' ? this.#pods.get(key) : undefined;
  }

  /** The volume's claim, where its data was already taken from another pod. */
  takenClaim(pod: KubeObject, volume: PodVolume): string | undefined {
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim === undefined) return undefined;
    return this.#states.get(`${pod.metadata.namespace ?? ''}/${claim}`) === 'taken' ? claim : undefined;
  }

  #record(pod: KubeObject, volume: PodVolume, state: ClaimState, before: ClaimState | undefined): void {
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim === undefined) return;
    const key = `${pod.metadata.namespace ?? ''}/${claim}`;
    this.#pods.set(key, pod.metadata.name ?? '');
    if (this.#states.get(key) === before) this.#states.set(key, state);
  }
}
