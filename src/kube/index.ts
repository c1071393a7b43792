/** The way in: what other folders use of kube besides the contract. */

export * from './contract.ts';
export { type ClientOptions, carries, connectKube, createKubeClient } from './client.ts';
export {
  type AuthConfig,
  type ClusterConfig,
  inClusterConfig,
  type LoadConfigOptions,
  loadConfig,
} from './config.ts';
export {
  type ControllerOptions,
  informerSource,
  periodicSource,
  type ReconcileResult,
  runController,
  type Source,
} from './controller.ts';
export { encode, hasDelicateNumbers } from './encode.ts';
export * from './errors.ts';
export { Informer, type InformerHandler, type InformerOptions, keyOf, splitKey } from './informer.ts';
export { LazyItem } from './items.ts';
export { type LeaderOptions, runAsLeader, SINGLE_NODE_TIMES } from './leader.ts';
export { AdaptiveLimiter, type RateLimit, TokenBucket } from './limiter.ts';
export { listMany, type ResourceFailure, type ResourcePage } from './list.ts';
export { type QueueOptions, WorkQueue } from './queue.ts';
