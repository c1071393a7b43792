/** What every controller of a server is given. */

import type { BackupOperation, RestoreOperation } from '../api/documents/item-operation.ts';
import type { KindAddress } from '../api/kinds.ts';
import type { KubeObject } from '../api/object.ts';
import type { KubeClient } from '../kube/contract.ts';
import { isNotFound } from '../kube/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { ActionRegistry } from '../plugin/contract.ts';
import type { HookTracker } from '../restore/hook-tracker.ts';
import type { CredentialStore } from './credentials.ts';
import type { Jobs } from './jobs.ts';
import type { ServerMetrics } from './metrics.ts';
import type { OperationsCache } from './operations-cache.ts';
import type { ServerOptions } from './options.ts';
import type { Spool } from './spool.ts';
import type { StoreOpener } from './stores.ts';
import type { WriteDeps } from './writes.ts';

export interface ServerContext {
  readonly options: ServerOptions;
  /** The namespace of the server's custom resources. */
  readonly namespace: string;
  /** Feature flags in force. */
  readonly features: ReadonlySet<string>;
  readonly kube: KubeClient;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: ServerMetrics;
  readonly spool: Spool;
  readonly credentials: CredentialStore;
  readonly stores: StoreOpener;
  /** Item actions and snapshotters, built in and foreign. */
  readonly actions: ActionRegistry;
  /** Post-restore hooks of all restores that have not ended. */
  readonly hooks: HookTracker;
  readonly jobs: Jobs;
  /** Names of restores that are being run; their files must not be removed meanwhile. */
  readonly restoresRunning: Set<string>;
  readonly backupOperations: OperationsCache<BackupOperation>;
  readonly restoreOperations: OperationsCache<RestoreOperation>;
  /** For writes that must be done even while running work is being ended. */
  readonly writes: WriteDeps;
}

/** What a controller wants after it has looked at an object; thrown errors mean: again, with back-off. */
export interface Requeue {
  afterMs: number;
}

/** The object as it is now; undefined where there is none. @throws KubeError for any other reason */
export async function getCurrent<T extends KubeObject>(
  context: Pick<ServerContext, 'kube' | 'namespace'>,
  kind: KindAddress,
  name: string,
): Promise<T | undefined> {
  try {
    return await context.kube.get<T>(kind, name, context.namespace);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
}

/** A ConfigMap of the server's namespace. @throws KubeError */
export async function readConfigMap(
  { kube, namespace }: Pick<ServerContext, 'kube' | 'namespace'>,
  name: string,
): Promise<ConfigMap> {
  const resource = kube.discovery.find('', 'configmaps');
  if (resource === undefined) throw new Error('the cluster serves no configmaps');
  return kube.get<ConfigMap>(resource, name, namespace);
}
