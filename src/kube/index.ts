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
export { encode, hasDelicateNumbers } from './encode.ts';
export * from './errors.ts';
export { LazyItem } from './items.ts';
export { AdaptiveLimiter, type RateLimit, TokenBucket } from './limiter.ts';
export { listMany, type ResourceFailure, type ResourcePage } from './list.ts';
