/** Kubeconfig files: reading several as one, and what a context of them means (client-go tools/clientcmd). */

import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { parse } from 'yaml';
import { aggregateMessage, messageOf } from '../lib/errors.ts';
import { goList, goQuote } from '../lib/go-text.ts';
import type { AuthConfig, ClusterConfig } from './config.ts';

/** A program that prints credentials (client.authentication.k8s.io). */
export interface ExecPlugin {
  apiVersion: string;
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Shown where the program is missing. */
  installHint?: string | undefined;
  interactiveMode: 'Never' | 'IfAvailable' | 'Always';
  /** Where set, the program is told of the cluster in KUBERNETES_EXEC_INFO. */
  cluster?: Readonly<Record<string, unknown>> | undefined;
}

interface ClusterEntry {
  server?: string;
  'tls-server-name'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'proxy-url'?: string;
  extensions?: { name: string; extension: unknown }[];
}

interface UserEntry {
  token?: string;
  tokenFile?: string;
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  username?: string;
  password?: string;
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[];
  'as-user-extra'?: Record<string, string[]>;
  exec?: {
    apiVersion?: string;
    command?: string;
    args?: string[] | null;
    env?: { name: string; value: string }[] | null;
    installHint?: string;
    provideClusterInfo?: boolean;
    interactiveMode?: string;
  };
  'auth-provider'?: { name?: string; config?: Record<string, string> };
}

interface ContextEntry {
  cluster?: string;
  user?: string;
  namespace?: string;
}

/** Several kubeconfigs as one; file names in it are absolute. */
export interface Kubeconfig {
  clusters: Map<string, ClusterEntry>;
  users: Map<string, UserEntry>;
  contexts: Map<string, ContextEntry>;
  currentContext: string;
}

/**
 * Reads files in order of preference: of two entries of one name, and of two current contexts, the first stays.
 * @param mustExist whether a missing file is an error (a file named by flag) or passed over
 * @returns undefined where no file holds anything
 * @throws Error naming the file that cannot be read or understood
 */
export function readKubeconfig(paths: readonly string[], mustExist: boolean): Kubeconfig | undefined {
  const merged: Kubeconfig = {
    clusters: new Map(),
    users: new Map(),
    contexts: new Map(),
    currentContext: '',
  };
  for (const path of paths) {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT' && !mustExist) continue;
      throw new Error(code === 'ENOENT' ? `stat ${path}: no such file or directory` : messageOf(error), {
        cause: error,
      });
    }
    mergeFile(merged, path, text);
  }
  const empty = merged.clusters.size + merged.users.size + merged.contexts.size === 0;
  return empty && merged.currentContext === '' ? undefined : merged;
}

function mergeFile(into: Kubeconfig, path: string, text: string): void {
  let document: unknown;
  try {
    document = parse(text, { version: '1.1' });
  } catch (error) {
    throw new Error(`error loading config file ${goQuote(path)}: ${messageOf(error)}`, { cause: error });
  }
  if (document === null || document === undefined) return;
  if (typeof document !== 'object' || Array.isArray(document)) {
    throw new Error(`error loading config file ${goQuote(path)}: it holds no kubeconfig`);
  }
  const config = document as Record<string, unknown>;
  const directory = dirname(resolve(path));
  for (const [name, cluster] of named<ClusterEntry>(config['clusters'], 'cluster', path)) {
    absolute(cluster, directory, ['certificate-authority']);
    if (!into.clusters.has(name)) into.clusters.set(name, cluster);
  }
  for (const [name, user] of named<UserEntry>(config['users'], 'user', path)) {
    absolute(user, directory, ['client-certificate', 'client-key', 'tokenFile']);
    if (user.exec?.command?.includes('/')) {
      user.exec = { ...user.exec, command: toAbsolute(user.exec.command, directory) };
    }
    if (!into.users.has(name)) into.users.set(name, user);
  }
  for (const [name, context] of named<ContextEntry>(config['contexts'], 'context', path)) {
    if (!into.contexts.has(name)) into.contexts.set(name, context);
  }
  if (into.currentContext === '' && typeof config['current-context'] === 'string') {
    into.currentContext = config['current-context'];
  }
}

function named<T extends object>(list: unknown, field: string, path: string): [string, T][] {
  if (list === null || list === undefined) return [];
  if (!Array.isArray(list)) {
    throw new Error(`error loading config file ${goQuote(path)}: its ${field}s are no list`);
  }
  return list.map((entry: Record<string, unknown> | null) => {
    const name = entry?.['name'];
    if (typeof name !== 'string') {
      throw new Error(`error loading config file ${goQuote(path)}: a ${field} has no name`);
    }
    return [name, { ...(entry?.[field] as T | null | undefined) } as T];
  });
}

function absolute(entry: object, directory: string, fields: readonly string[]): void {
  const record = entry as Record<string, unknown>;
  for (const field of fields) {
    const value = record[field];
    if (typeof value === 'string' && value !== '') record[field] = toAbsolute(value, directory);
  }
}

function toAbsolute(path: string, directory: string): string {
  return isAbsolute(path) ? path : resolve(directory, path);
}

/**
 * What a context of the files means.
 * @param context the current context where empty
 * @throws Error in clientcmd's words where the context or what it names is missing or contradictory
 */
export function resolveContext(config: Kubeconfig, context?: string): ClusterConfig {
  const explicit = context !== undefined && context !== '';
  const name = explicit ? context : config.currentContext;
  const entry = config.contexts.get(name);
  if (explicit && entry === undefined) throw new Error(`context ${goQuote(name)} does not exist`);
  const errors: string[] = [];
  if (name !== '' && entry === undefined) {
    errors.push(`context was not found for specified context: ${name}`);
  }
  const userName = entry?.user ?? '';
  const clusterName = entry?.cluster ?? '';
  const user = config.users.get(userName);
  const cluster = config.clusters.get(clusterName);
  if (userName !== '' && user === undefined) throw new Error(`auth info ${goQuote(userName)} does not exist`);
  if (clusterName !== '' && cluster === undefined) {
    throw new Error(`cluster ${goQuote(clusterName)} does not exist`);
  }
  errors.push(...userErrors(userName, user ?? {}), ...clusterErrors(clusterName, cluster ?? {}));
  if (errors.length === 1 && errors[0] === EMPTY_CLUSTER) errors[0] = EMPTY_CONFIG;
  if (errors.length > 0) throw new Error(`invalid configuration: ${aggregateMessage(errors)}`);
  return toClusterConfig(cluster ?? {}, user ?? {}, entry?.namespace);
}

const EMPTY_CLUSTER = 'cluster has no server defined';
const EMPTY_CONFIG = 'no configuration has been provided, try setting KUBERNETES_MASTER environment variable';

function set(value: string | undefined | null): value is string {
  return value !== undefined && value !== null && value !== '';
}

function clusterErrors(name: string, cluster: ClusterEntry): string[] {
  if (Object.keys(cluster).length === 0) return [EMPTY_CLUSTER];
  const errors: string[] = [];
  if (!set(cluster.server)) errors.push(`no server found for cluster ${goQuote(name)}`);
  if (set(cluster['proxy-url'])) {
    const problem = proxyProblem(cluster['proxy-url']);
    if (problem !== undefined) {
      errors.push(
        `invalid 'proxy-url' ${goQuote(cluster['proxy-url'])} for cluster ${goQuote(name)}: ${problem}`,
      );
    }
  }
  const file = cluster['certificate-authority'];
  if (set(file) && !set(cluster['certificate-authority-data'])) {
    const problem = unreadable(file);
    if (problem !== undefined) {
      errors.push(`unable to read certificate-authority ${file} for ${name} due to ${problem}`);
    }
  }
  const hasCa = set(file) || set(cluster['certificate-authority-data']);
  if (hasCa && cluster['insecure-skip-tls-verify'] === true) {
    errors.push('specifying a root certificates file with the insecure flag is not allowed');
  }
  return errors;
}

function proxyProblem(proxy: string): string | undefined {
  if (!URL.canParse(proxy)) return 'could not parse the url';
  const { protocol } = new URL(proxy);
  return ['http:', 'https:', 'socks5:'].includes(protocol)
    ? undefined
    : `unsupported scheme ${goQuote(protocol.slice(0, -1))}, must be http, https, or socks5`;
}

function userErrors(name: string, user: UserEntry): string[] {
  const errors: string[] = [];
  const methods: string[] = [];
  if (set(user.token)) methods.push('token');
  if (set(user.username) || set(user.password)) methods.push('basicAuth');
  const certificate = user['client-certificate'];
  const key = user['client-key'];
  if (set(certificate) || set(user['client-certificate-data'])) {
    if (!set(key) && !set(user['client-key-data'])) {
      errors.push(
        `client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`,
      );
    }
    if (set(certificate) && !set(user['client-certificate-data'])) {
      const problem = unreadable(certificate);
      if (problem !== undefined) {
        errors.push(`unable to read client-cert ${certificate} for ${name} due to ${problem}`);
      }
    }
    if (set(key) && !set(user['client-key-data'])) {
      const problem = unreadable(key);
      if (problem !== undefined)
        errors.push(`unable to read client-key ${key} for ${name} due to ${problem}`);
    }
  }
  if (user.exec) {
    if (user['auth-provider']) {
      errors.push(`authProvider cannot be provided in combination with an exec plugin for ${name}`);
    }
    if (!set(user.exec.command)) {
      errors.push(`command must be specified for ${name} to use exec authentication plugin`);
    }
    if (!set(user.exec.apiVersion)) {
      errors.push(`apiVersion must be specified for ${name} to use exec authentication plugin`);
    }
    const mode = user.exec.interactiveMode;
    if (set(mode) && !['Never', 'IfAvailable', 'Always'].includes(mode)) {
      errors.push(`invalid interactiveMode for ${name}: ${goQuote(mode)}`);
    }
  } else if (user['auth-provider'] && !set(user['auth-provider'].config?.['id-token'])) {
    errors.push(
      `the auth provider ${goQuote(user['auth-provider'].name ?? '')} of ${name} is not supported: use an exec plugin`,
    );
  }
  if (methods.length > 1) {
    errors.push(
      `more than one authentication method found for ${name}; found ${goList(methods)}, only one is allowed`,
    );
  }
  const more = set(user['as-uid']) || (user['as-groups']?.length ?? 0) > 0 || user['as-user-extra'];
  if (more && !set(user.as)) {
    errors.push(`requesting uid, groups or user-extra for ${name} without impersonating a user`);
  }
  return errors;
}

function unreadable(path: string): string | undefined {
  try {
    readFileSync(path);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? `open ${path}: no such file or directory`
      : messageOf(error);
  }
}

function toClusterConfig(
  cluster: ClusterEntry,
  user: UserEntry,
  namespace: string | undefined,
): ClusterConfig {
  const server = cluster.server as string;
  const config: ClusterConfig = {
    server: /^https?:\/\//i.test(server) ? server : `https://${server}`,
    auth: authOf(cluster, user),
  };
  if (set(cluster['certificate-authority-data'])) {
    config.ca = decode(cluster['certificate-authority-data']);
  } else if (set(cluster['certificate-authority'])) {
    config.ca = readFileSync(cluster['certificate-authority'], 'utf8');
  }
  if (cluster['insecure-skip-tls-verify'] === true) config.insecureSkipTlsVerify = true;
  if (set(cluster['tls-server-name'])) config.tlsServerName = cluster['tls-server-name'];
  if (set(cluster['proxy-url'])) config.proxyUrl = cluster['proxy-url'];
  if (set(user.as)) {
    config.impersonate = {
      user: user.as,
      uid: user['as-uid'],
      groups: user['as-groups'],
      extra: user['as-user-extra'],
    };
  }
  if (set(namespace)) config.namespace = namespace;
  return config;
}

function authOf(cluster: ClusterEntry, user: UserEntry): AuthConfig {
  const auth: AuthConfig = {};
  // A token file, where both are given, wins: it is the one that is kept fresh (client-go rest/config.go).
  if (set(user.tokenFile)) auth.tokenFile = user.tokenFile;
  if (set(user.token)) auth.token = user.token;
  else if (set(user['auth-provider']?.config?.['id-token'])) {
    auth.token = user['auth-provider']?.config?.['id-token'];
  }
  if (set(user['client-certificate-data'])) auth.clientCertificate = decode(user['client-certificate-data']);
  else if (set(user['client-certificate'])) auth.clientCertificateFile = user['client-certificate'];
  if (set(user['client-key-data'])) auth.clientKey = decode(user['client-key-data']);
  else if (set(user['client-key'])) auth.clientKeyFile = user['client-key'];
  if (set(user.username)) auth.username = user.username;
  if (set(user.password)) auth.password = user.password;
  if (user.exec) {
    auth.exec = {
      apiVersion: user.exec.apiVersion ?? '',
      command: user.exec.command ?? '',
      args: user.exec.args ?? [],
      env: Object.fromEntries((user.exec.env ?? []).map(({ name, value }) => [name, value])),
      installHint: user.exec.installHint,
      interactiveMode: (user.exec.interactiveMode as ExecPlugin['interactiveMode']) ?? 'IfAvailable',
      cluster: user.exec.provideClusterInfo === true ? clusterInfo(cluster) : undefined,
    };
  }
  return auth;
}

/** `spec.cluster` of an ExecCredential request. */
function clusterInfo(cluster: ClusterEntry): Record<string, unknown> {
  const info: Record<string, unknown> = { server: cluster.server };
  if (set(cluster['tls-server-name'])) info['tls-server-name'] = cluster['tls-server-name'];
  if (cluster['insecure-skip-tls-verify'] === true) info['insecure-skip-tls-verify'] = true;
  if (set(cluster['certificate-authority-data'])) {
    info['certificate-authority-data'] = cluster['certificate-authority-data'];
  } else if (set(cluster['certificate-authority'])) {
    info['certificate-authority-data'] = readFileSync(cluster['certificate-authority']).toString('base64');
  }
  if (set(cluster['proxy-url'])) info['proxy-url'] = cluster['proxy-url'];
  const extension = cluster.extensions?.find(
    ({ name }) => name === 'client.authentication.k8s.io/exec',
  )?.extension;
  if (extension !== undefined) info['config'] = extension;
  return info;
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
