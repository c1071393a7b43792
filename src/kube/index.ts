/** The way in: what other folders use of kube besides the contract. */

export { type ClientOptions, connectKube, createKubeClient } from './client.ts';
export { type ClusterConfig, loadConfig } from './config.ts';
export * from './contract.ts';
export {
  type ControllerOptions,
  informerSource,
  periodicSource,
  runController,
} from './controller.ts';
export { encode } from './encode.ts';
export * from './errors.ts';
export { Informer, keyOf, splitKey } from './informer.ts';
export { type LeaderOptions, runAsLeader } from './leader.ts';
export { listMany } from './list.ts';
