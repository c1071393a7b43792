/** For the tests: a process that owns a cluster and waits to be ended. Its argument is the options as JSON. */
import { type ClusterOptions, startCluster } from './index.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as ClusterOptions;
const cluster = await startCluster(options);
process.stdout.write(`${JSON.stringify(cluster.info)}\n`);
// Only the pipe to the supervisor would keep this process alive otherwise; be explicit.
setInterval(() => {}, 60_000);
