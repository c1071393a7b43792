/** The parts of a pod's spec that restore actions look at; all other fields are kept as they are. */

import type { KubeObject } from '../../api/object.ts';

export interface Container {
  name: string;
  image?: string;
  command?: string[];
  volumeMounts?: { name: string; [field: string]: unknown }[];
  [field: string]: unknown;
}

export interface PodSpec {
  containers?: Container[];
  initContainers?: Container[];
  volumes?: {
    name: string;
    persistentVolumeClaim?: { claimName: string };
    projected?: unknown;
    downwardAPI?: unknown;
    [field: string]: unknown;
  }[];
  nodeName?: string;
  priority?: number;
  priorityClassName?: string;
  serviceAccountName?: string;
  [field: string]: unknown;
}

export function podSpecOf(pod: KubeObject): PodSpec {
  return (pod['spec'] ?? {}) as PodSpec;
}
