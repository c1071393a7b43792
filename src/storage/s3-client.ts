/** Makes the AWS SDK's client as velero-plugin-for-aws sets up its own (its config.go), certificates and proxies included. */

import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent } from 'node:https';
import { getCACertificates } from 'node:tls';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { messageOf } from '../lib/errors.ts';
import { type Environment, proxyFor } from '../lib/http-proxy.ts';
import type { S3Settings } from './s3-config.ts';
import { storeFailure } from './store-errors.ts';

export interface S3Timeouts {
  /** Milliseconds until a connection must stand (default 10 s). */
  connectMs?: number;
  /** Milliseconds in which a connection with a request under way may stay silent (default 60 s). */
  idleMs?: number;
}

export interface S3Clients {
  client: S3Client;
  /** Signs download URLs: speaks of the public URL where the location has one, and asks for no checksums. */
  signer: S3Client;
  /** For messages. */
  endpoint: string;
}

/** Where a bucket is looked for whose region nobody states. */
const DISCOVERY_REGION = 'us-east-1';

/** @throws Failure `STORE_CREDENTIALS`, `STORE_CONFIG`, or a connection's failure while the region is looked up */
export async function createS3Clients(
  settings: S3Settings,
  env: Environment,
  timeouts: S3Timeouts,
  discoverRegion: (client: S3Client) => Promise<string | undefined>,
): Promise<S3Clients> {
  const sdk = await import('@aws-sdk/client-s3');
  const base = await clientConfig(settings, env, timeouts);
  let region = settings.region;
  if (region === undefined && settings.url === undefined) {
    const probe = new sdk.S3Client({ ...base, region: DISCOVERY_REGION });
    try {
      region = await discoverRegion(probe);
    } finally {
      probe.destroy();
    }
    if (region === undefined) {
      throw storeFailure(
        'STORE_REGION',
        settings.name,
        `unable to determine bucket's region, bucket: ${settings.bucket}`,
        'set config.region of the location',
      );
    }
  }
  region ??= (await regionFromEnvironment(settings, env)) ?? DISCOVERY_REGION;
  const client = new sdk.S3Client({ ...base, region });
  const publicUrl = settings.publicUrl ?? settings.url;
  const signer = new sdk.S3Client({
    ...base,
    region,
    ...(publicUrl === undefined ? {} : { endpoint: publicUrl }),
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  return { client, signer, endpoint: settings.url ?? `s3.${region}.amazonaws.com` };
}

async function clientConfig(
  settings: S3Settings,
  env: Environment,
  timeouts: S3Timeouts,
): Promise<S3ClientConfig> {
  const checksums = settings.checksumAlgorithm === undefined ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED';
  const tls = await tlsOptions(settings, env);
  const endpoint = new URL(settings.url ?? `https://s3.${settings.region ?? DISCOVERY_REGION}.amazonaws.com`);
  // Node's own reading of NO_PROXY knows no networks such as 10.0.0.0/8, so the decision is made here.
  const proxy = proxyFor(endpoint, env);
  const proxyEnv = proxy === undefined ? {} : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
  return {
    forcePathStyle: settings.forcePathStyle,
    ...(settings.url === undefined ? {} : { endpoint: settings.url }),
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    // Tries again belong to the layer around the store, which knows the deadline of the whole.
    maxAttempts: 1,
    followRegionRedirects: true,
    credentials: await credentials(settings, env, handler(timeouts, tls, { ...env })),
    requestHandler: handler(timeouts, tls, proxyEnv),
  };
}

function handler(timeouts: S3Timeouts, tls: AgentOptions, proxyEnv: NodeJS.ProcessEnv) {
  // Idle connections are dropped well before servers and load balancers do it.
  const agent = { keepAlive: true, maxSockets: 64, timeout: 30_000, proxyEnv };
  return {
    connectionTimeout: timeouts.connectMs ?? 10_000,
    socketTimeout: timeouts.idleMs ?? 60_000,
    httpAgent: new HttpAgent(agent),
    httpsAgent: new HttpsAgent({ ...agent, ...tls }),
  };
}

/**
 * Trusts what Node brings, what the system trusts (as Go does) and what the location adds. AWS_CA_BUNDLE names a file
 * with more.
 */
async function tlsOptions(settings: S3Settings, env: Environment): Promise<AgentOptions> {
  if (settings.insecureSkipTLSVerify) return { rejectUnauthorized: false };
  const bundle = env['AWS_CA_BUNDLE'];
  const extra = bundle ? [await readTextFile(bundle, 'AWS_CA_BUNDLE', settings.name)] : [];
  if (settings.caCert !== undefined) extra.push(settings.caCert);
  return { ca: [...getCACertificates('default'), ...getCACertificates('system'), ...extra] };
}

async function readTextFile(path: string, what: string, object: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw storeFailure(
      'STORE_CREDENTIALS',
      object,
      `cannot read ${what} ${path}: ${messageOf(error)}`,
      'check that the file is mounted into the pod and readable',
      error,
    );
  }
}

/**
 * With a credentials file, that file alone counts (as credentials and as shared config), save that keys in the
 * environment win while no profile is named; without one, the SDK's own chain: environment, profile, web identity,
 * container, instance.
 */
async function credentials(
  settings: S3Settings,
  env: Environment,
  requestHandler: ReturnType<typeof handler>,
) {
  const providers = await import('@aws-sdk/credential-providers');
  const profile = settings.profile ?? env['AWS_PROFILE'];
  const file = settings.credentialsFile;
  // For the token service, where a profile names a role; the SDK's ways to it look at one or the other.
  const clientConfig = {
    region: settings.region ?? env['AWS_REGION'] ?? DISCOVERY_REGION,
    requestHandler,
  };
  const service = { clientConfig, parentClientConfig: clientConfig };
  if (file === undefined) {
    return providers.fromNodeProviderChain({ ...service, ...(profile === undefined ? {} : { profile }) });
  }
  if (settings.profile === undefined && env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY']) {
    return providers.fromEnv();
  }
  const text = await readTextFile(file, 'the credentials file', settings.name);
  const section = profile ?? 'default';
  if (!hasProfile(text, section)) {
    throw storeFailure(
      'STORE_CREDENTIALS',
      settings.name,
      `failed to get shared config profile, ${section}: the credentials file ${file} has no section [${section}]`,
      'add the section to the Secret, or set config.profile of the location to one that it has',
    );
  }
  const provider = providers.fromIni({
    profile: section,
    filepath: file,
    configFilepath: file,
    ignoreCache: true,
    ...service,
  });
  try {
    // A location with unusable credentials must say so now, not at its first request.
    const found = await provider();
    if (found.accessKeyId === '' || found.secretAccessKey === '') throw new Error('the keys are empty');
  } catch (error) {
    throw storeFailure(
      'STORE_CREDENTIALS',
      settings.name,
      `no valid credentials in section [${section}] of ${file}: ${messageOf(error)}`,
      'the section needs aws_access_key_id and aws_secret_access_key, or role_arn with a source',
      error,
    );
  }
  return provider;
}

function hasProfile(text: string, profile: string): boolean {
  return sectionOf(text, profile) !== undefined;
}

/** Lines of a section, which a credentials file heads `[name]` and a config file `[profile name]`. */
function sectionOf(text: string, profile: string): string[] | undefined {
  let lines: string[] | undefined;
  for (const line of text.split(/\r?\n/)) {
    const head = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line)?.[1];
    if (head === undefined) {
      lines?.push(line);
      continue;
    }
    if (lines !== undefined) return lines;
    if (head.replace(/^["']|["']$/g, '') === profile) lines = [];
  }
  return lines;
}

async function regionFromEnvironment(settings: S3Settings, env: Environment): Promise<string | undefined> {
  const set = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'];
  if (set) return set;
  if (settings.credentialsFile === undefined) return undefined;
  const text = await readFile(settings.credentialsFile, 'utf8');
  const section = sectionOf(text, settings.profile ?? env['AWS_PROFILE'] ?? 'default') ?? [];
  for (const line of section) {
    const region = /^\s*region\s*=\s*(\S+)/.exec(line)?.[1];
    if (region !== undefined) return region;
  }
  return undefined;
}
