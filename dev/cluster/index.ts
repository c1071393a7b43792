/** The development cluster's interface: everything that tests and benchmarks may use. */
export { buildPrograms, type Log, type ProgramPaths } from './build.ts';
export {
  attachCluster,
  type Cluster,
  type ClusterOptions,
  type ClusterProgram,
  startCluster,
  startS3,
  type Storage,
  type StorageServer,
} from './cluster.ts';
export { ClusterError } from './errors.ts';
export type { ImageContent, ImageFile } from './image.ts';
export type { ProgramName } from './programs.ts';
export type { ClusterInfo, NodeInfo, StorageInfo, User } from './protocol.ts';
