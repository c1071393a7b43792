/** A server from its start to its end (pkg/cmd/server/server.go). */

import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { builtInRegistry } from '../actions/index.ts';
import type { BackupOperation, RestoreOperation } from '../api/documents/item-operation.ts';
import { connectKube, type KubeClient, loadConfig } from '../kube/index.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { wrap } from '../lib/errors.ts';
import { goList } from '../lib/go-text.ts';
import { createLogger, type Logger } from '../lib/log.ts';
import { GIT_COMMIT, VERSION } from '../lib/version.ts';
import type { ActionRegistry } from '../plugin/contract.ts';
import { createHookTracker } from '../restore/hook-tracker.ts';
import { filesystemHandler } from '../storage/filesystem-http.ts';
import { builtInProviders } from '../storage/index.ts';
import type { ServerContext } from './context.ts';
import { createCredentialStore } from './credentials.ts';
import { type HttpServer, listen } from './http.ts';
import { createJobs } from './jobs.ts';
import { checkKindsExist } from './kinds.ts';
import { createOutputSink } from './log-output.ts';
import { createServerMetrics, type ServerMetrics } from './metrics.ts';
import { OperationsCache } from './operations-cache.ts';
import { checkOptions, type ServerOptions } from './options.ts';
import { serveProfiles } from './profiler.ts';
import { markInterrupted, removeHalfBackups } from './restart.ts';
import { createSpool } from './spool.ts';
import { checkNamespace, checkNodeAgent, setDefaultLocation } from './startup.ts';
import { createStoreOpener } from './stores.ts';
import { startControllers } from './wiring.ts';

/** How long requests wait for an API server that is away, in milliseconds. */
const API_PATIENCE_MS = 120_000;
const DISCOVERY_REFRESH_MS = 5 * 60_000;
/** Running work may end by itself for this long after the server was told to stop, in milliseconds. */
const STOP_GRACE_MS = 5000;
/** Then it is aborted and has this long to write its phase. All of them stay below a pod's 30 seconds. */
const STOP_ABORT_MS = 15_000;
/** Controllers may finish what is no run, such as a look into a store that does not answer, for this long. */
const STOP_CONTROLLERS_MS = 5000;

/** Where the image of the restore helper lies unless a plugin's ConfigMap says otherwise: the original's. */
const HELPER_IMAGE = { registry: 'velero', tag: VERSION.replace(/\+.*/, '') };

/** What whoever embeds a server may add to it. */
export interface ServerHooks {
  /** Adds actions to the built-in ones. */
  actions?: (builtIn: ActionRegistry) => ActionRegistry;
  /** Called once everything runs, with the address of the metrics as it was bound. */
  onReady?: (server: { metricsAddress: string }) => void;
}

/**
 * Runs a server until `options.signal` is aborted and its running work has ended.
 * @throws Failure or KubeError, with the original's text, for what keeps it from starting
 */
export async function runServer(options: ServerOptions, hooks: ServerHooks = {}): Promise<void> {
  const { flags } = options;
  const output = createOutputSink(
    options.output ?? ((text) => void process.stdout.write(text)),
    flags['log-format'],
  );
  const log = createLogger({ level: flags['log-level'], sinks: [output] });
  try {
    await serve(options, log, hooks);
  } finally {
    output.flush();
  }
}

async function serve(options: ServerOptions, log: Logger, hooks: ServerHooks): Promise<void> {
  const { flags, namespace } = options;
  log.info(`setting log-level to ${flags['log-level'].toUpperCase()}`);
  log.info(`Starting Velero server ${VERSION} (${GIT_COMMIT})`);
  const { features } = options;
  if (features.length > 0) log.info(`${features.length} feature flags enabled ${goList(features)}`);
  else log.info('No feature flags enabled');
  const enabled = checkOptions(options);

  await using cleanup = new AsyncDisposableStack();
  const clock = systemClock;
  const stop = options.signal ?? new AbortController().signal;
  const spool = await createSpool();
  cleanup.defer(() => spool.close());

  if (flags['profiler-address'] !== '') {
    // Profiles are a help, not a duty: a port that is taken must not keep the server from its work.
    await serveProfiles(flags['profiler-address']).then(
      (profiles) => cleanup.defer(() => profiles.close()),
      (error: unknown) => log.error('error running profiler http server', { error }),
    );
  }

  const kube = await connect(options);
  cleanup.defer(() => kube.close());
  await checkNamespace(kube, namespace, log);
  refreshDiscovery(kube, clock, log, cleanup);
  checkKindsExist(kube.discovery, log);
  await checkNodeAgent(kube, namespace, log);
  if (flags['restore-only']) {
    log.info('Restore only mode - not starting the backup, schedule, delete-backup, or GC controllers');
  }
  for (const name of flags['disable-controllers']) log.info(`Disabling controller: ${name}`);

  const jobs = createJobs(clock);
  const hard = new AbortController();
  const writes = { kube, log, clock, signal: hard.signal };
  const interrupted = await markInterrupted(writes, namespace);
  await setDefaultLocation(kube, namespace, flags['default-backup-storage-location'], log);

  log.info('Starting controllers');
  const metrics = createServerMetrics();
  metrics.initSchedule('');
  let ready = false;
  const http = await serveMetrics(options, metrics, () => ready, log);
  cleanup.defer(() => http.close());
  const credentials = createCredentialStore(kube, namespace, join(spool.directory, 'credentials'));
  const providers = builtInProviders({
    s3: { env },
    ...(flags['filesystem-store'] === ''
      ? {}
      : {
          filesystem: {
            root: flags['filesystem-store'],
            publicUrl: flags['filesystem-store-url'] || `http://${http.address}`,
          },
        }),
  });
  const builtIn = builtInRegistry({
    kube,
    namespace,
    image: HELPER_IMAGE,
    objectStores: providers.map(({ name }) => name),
  });
  const context: ServerContext = {
    options,
    namespace,
    features: new Set(features),
    kube,
    log,
    clock,
    metrics,
    spool,
    credentials,
    stores: createStoreOpener({
      credentials,
      providers,
      retryMs: flags['store-retry-timeout'],
      log,
    }),
    actions: hooks.actions?.(builtIn) ?? builtIn,
    hooks: createHookTracker(),
    jobs,
    restoresRunning: new Set(),
    backupOperations: new OperationsCache<BackupOperation>(),
    restoreOperations: new OperationsCache<RestoreOperation>(),
    writes,
  };
  // Beside everything else: a store that is away must not hold up the start.
  void removeHalfBackups(context, interrupted);
  const closing = new AbortController();
  const controllers = startControllers(context, enabled, closing.signal);
  log.info('Server starting...');
  await Promise.race([controllers.synced, controllers.ended, aborted(stop)]);
  ready = true;
  hooks.onReady?.({ metricsAddress: http.address });

  try {
    await Promise.race([controllers.ended, aborted(stop)]);
    log.info('Received the signal to stop, ending running work', { running: jobs.running().join(', ') });
  } finally {
    closing.abort();
    const left = await jobs.stop(STOP_GRACE_MS, STOP_ABORT_MS);
    for (const name of left) log.error(`${name} did not end in time, it is marked at the next start`);
    hard.abort(new Error('the server has stopped'));
  }
  if (jobs.running().length === 0) {
    const over = new AbortController();
    await Promise.race([
      controllers.ended,
      clock.sleep(STOP_CONTROLLERS_MS, over.signal).catch(() => undefined),
    ]);
    over.abort();
  }
  log.info('Server stopped');
}

function connect(options: ServerOptions): Promise<KubeClient> {
  const { flags, given } = options;
  const limited = (given.has('client-qps') || given.has('client-burst')) && flags['client-qps'] > 0;
  return connectKube(loadConfig({ kubeconfig: options.kubeconfig, context: options.context, env }), {
    userAgent: userAgent(),
    patienceMs: API_PATIENCE_MS,
    limit: limited ? { qps: flags['client-qps'], burst: flags['client-burst'] } : 'adaptive',
    ...(given.has('max-concurrent-k8s-connections')
      ? { maxConnections: flags['max-concurrent-k8s-connections'] }
      : {}),
  });
}

const GO_ARCH: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** How the server calls itself to the API server. */
export function userAgent(): string {
  return `velero-server/${VERSION} (${platform()}/${GO_ARCH[arch()] ?? arch()}) ${GIT_COMMIT}`;
}

function refreshDiscovery(kube: KubeClient, clock: Clock, log: Logger, cleanup: AsyncDisposableStack): void {
  const ended = new AbortController();
  cleanup.defer(() => ended.abort());
  const warn = () => {
    for (const [group, reason] of kube.discovery.failures()) {
      log.warn(`Failed to discover group: ${group}: ${reason}`);
    }
  };
  warn();
  const refresh = async () => {
    for (;;) {
      await clock.sleep(DISCOVERY_REFRESH_MS, ended.signal);
      try {
        await kube.discovery.refresh(ended.signal);
        warn();
      } catch (error) {
        if (!ended.signal.aborted) log.error('Error refreshing discovery', { error });
      }
    }
  };
  // The sleep ends by the signal, which is how the loop ends.
  refresh().catch(() => undefined);
}

async function serveMetrics(
  { flags }: ServerOptions,
  metrics: ServerMetrics,
  isReady: () => boolean,
  log: Logger,
): Promise<HttpServer> {
  const address = flags['metrics-address'];
  log.info(`Starting metric server at address [${address}]`);
  const root = flags['filesystem-store'];
  try {
    return await listen(
      address,
      {
        '/metrics': async (_, response) => {
          const text = await metrics.registry.metrics();
          response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text);
        },
        '/healthz': (_, response) => void response.end('ok'),
        '/readyz': (_, response) => {
          const ready = isReady();
          response.writeHead(ready ? 200 : 503).end(ready ? 'ok' : 'the controllers are starting');
        },
      },
      root === '' ? undefined : filesystemHandler({ root }),
    );
  } catch (error) {
    throw wrap(error, `Failed to start metric server at [${address}]`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
