/**
 * Which cluster, and as whom: what every client is made from. {@link loadConfig} follows client-go's clientcmd:
 * the named file, else the files of KUBECONFIG, else ~/.kube/config, else the service account of the pod.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, messageOf } from '../lib/errors.ts';
import { type Environment, proxyFor } from '../lib/http-proxy.ts';
import { type ExecPlugin, readKubeconfig, resolveContext } from './kubeconfig.ts';

export interface ClusterConfig {
  /** `https://host:port`, possibly with a path in front of every request. */
  server: string;
  /** PEM; the system's authorities where absent. */
  ca?: string | undefined;
  insecureSkipTlsVerify?: boolean | undefined;
  /** The name that the server's certificate must carry, where it is not the server's host. */
  tlsServerName?: string | undefined;
  /** http, https or socks5. */
  proxyUrl?: string | undefined;
  auth: AuthConfig;
  impersonate?: Impersonation | undefined;
  /** The namespace that the context names, or the pod's own. */
  namespace?: string | undefined;
}

export interface AuthConfig {
  token?: string | undefined;
  /** Read again every minute, so that a rotated service account token is taken up. */
  tokenFile?: string | undefined;
  /** PEM. */
  clientCertificate?: string | undefined;
  clientKey?: string | undefined;
  /** Read again when they change, so that a renewed certificate is taken up. */
  clientCertificateFile?: string | undefined;
  clientKeyFile?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
  exec?: ExecPlugin | undefined;
}

export interface Impersonation {
  user: string;
  uid?: string | undefined;
  groups?: readonly string[] | undefined;
  extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface LoadConfigOptions {
  /** `--kubeconfig`; must exist. */
  kubeconfig?: string | undefined;
  /** `--kubecontext`; the file's current context where absent. */
  context?: string | undefined;
  /** KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST, HTTPS_PROXY … as the command found them. */
  env: Environment;
}

const NO_CONFIG =
  'error finding Kubernetes API server config in --kubeconfig, $KUBECONFIG, or in-cluster configuration';

/**
 * Finds the cluster to talk to.
 * @throws Failure KUBE_CONFIG with the original's message (pkg/client/client.go) where there is none or it is wrong
 */
export function loadConfig(options: LoadConfigOptions): ClusterConfig {
  const { env } = options;
  try {
    const paths = kubeconfigPaths(options.kubeconfig, env);
    const merged = readKubeconfig(paths, options.kubeconfig !== undefined && options.kubeconfig !== '');
    if (merged !== undefined) return proxied(resolveContext(merged, options.context), env);
    const pod = inClusterConfig(env);
    if (pod !== undefined) return proxied(pod, env);
    if (options.context !== undefined && options.context !== '') {
      throw new Error(`context ${JSON.stringify(options.context)} does not exist`);
    }
    throw new Error(
      'invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable',
    );
  } catch (error) {
    throw new Failure({
      code: 'KUBE_CONFIG',
      message: `${NO_CONFIG}: ${messageOf(error)}`,
      remedy: 'name a kubeconfig with --kubeconfig or $KUBECONFIG and a context that it holds',
      cause: error,
    });
  }
}

/** The proxy that the environment names, where the configuration names none. */
function proxied(config: ClusterConfig, env: Environment): ClusterConfig {
  if (config.proxyUrl !== undefined && config.proxyUrl !== '') return config;
  const proxyUrl = proxyFor(new URL(config.server), env);
  return proxyUrl === undefined ? config : { ...config, proxyUrl };
}

function kubeconfigPaths(explicit: string | undefined, env: Environment): string[] {
  if (explicit !== undefined && explicit !== '') return [explicit];
  const list = env['KUBECONFIG'];
  if (list !== undefined && list !== '') return [...new Set(list.split(':').filter((path) => path !== ''))];
  const home = env['HOME'];
  return home === undefined || home === '' ? [] : [join(home, '.kube', 'config')];
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The service account of the pod we run in; undefined outside a pod.
 * @param directory where the token, ca.crt and namespace are mounted
 */
export function inClusterConfig(env: Environment, directory = SERVICE_ACCOUNT): ClusterConfig | undefined {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || host === '' || port === undefined || port === '') return undefined;
  const tokenFile = join(directory, 'token');
  if (readOptional(tokenFile) === undefined) return undefined;
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: readOptional(join(directory, 'ca.crt')),
    auth: { tokenFile },
    namespace: readOptional(join(directory, 'namespace'))?.trim(),
  };
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
