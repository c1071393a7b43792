/**
 * Who we are at the API server, kept fresh: token files are read again every minute, exec plugins run again when what
 * they gave expires or is refused, client certificates are taken up when their files change.
 */

import { execFile, spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { isatty } from 'node:tty';
import { Failure, messageOf } from '../lib/errors.ts';
import type { AuthConfig, ClusterConfig, Impersonation } from './config.ts';
import type { ExecPlugin } from './kubeconfig.ts';

export interface Credentials {
  /** Lower-case names; several values are several lines. */
  headers: Readonly<Record<string, string | string[]>>;
  /** PEM. */
  certificate?: string | undefined;
  key?: string | undefined;
}

const REREAD_MS = 60_000;

/** Gives the credentials for the next request; cheap where nothing is due. */
export class CredentialSource {
  readonly #auth: AuthConfig;
  readonly #impersonation: Readonly<Record<string, string | string[]>>;
  #current: Credentials | undefined;
  #pending: Promise<Credentials> | undefined;
  /** When the current ones must be looked at again. */
  #due = 0;
  #fileStamp = '';

  constructor(config: Pick<ClusterConfig, 'auth' | 'impersonate'>) {
    this.#auth = config.auth;
    this.#impersonation = impersonationHeaders(config.impersonate);
  }

  /** Those at hand where they are fresh, else undefined: then `refresh` must be awaited. */
  get current(): Credentials | undefined {
    return this.#current !== undefined && Date.now() < this.#due ? this.#current : undefined;
  }

  /**
   * @throws Failure KUBE_CREDENTIALS where a file cannot be read or the plugin fails and nothing usable is at hand
   */
  refresh(): Promise<Credentials> {
    this.#pending ??= this.#load().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** The server said 401 to these: true where asking again may help. */
  refused(credentials: Credentials): boolean {
    if (this.#auth.exec === undefined && this.#auth.tokenFile === undefined) return false;
    if (this.#current === credentials) {
      this.#current = undefined;
      this.#due = 0;
    }
    return true;
  }

  async #load(): Promise<Credentials> {
    const previous = this.#current;
    try {
      return await this.#fresh(previous);
    } catch (error) {
      // A file being replaced at this very moment, or a plugin that is briefly away: the old ones may still do.
      if (previous !== undefined) {
        this.#due = Date.now() + 5000;
        return previous;
      }
      if (error instanceof Failure) throw error;
      throw new Failure({
        code: 'KUBE_CREDENTIALS',
        message: messageOf(error),
        remedy: 'check the user that the kubeconfig names',
        cause: error,
      });
    }
  }

  async #fresh(previous: Credentials | undefined): Promise<Credentials> {
    const auth = this.#auth;
    let token = auth.token;
    let certificate = auth.clientCertificate;
    let key = auth.clientKey;
    let due = Number.POSITIVE_INFINITY;
    if (auth.tokenFile !== undefined) {
      token = (await readFile(auth.tokenFile, 'utf8')).trim();
      if (token === '') throw new Error(`read empty token from file ${JSON.stringify(auth.tokenFile)}`);
      due = Date.now() + REREAD_MS;
    }
    if (auth.clientCertificateFile !== undefined || auth.clientKeyFile !== undefined) {
      due = Math.min(due, Date.now() + REREAD_MS);
      const stamp = await stampOf(auth.clientCertificateFile, auth.clientKeyFile);
      if (previous !== undefined && stamp === this.#fileStamp) {
        certificate ??= previous.certificate;
        key ??= previous.key;
      } else {
        if (auth.clientCertificateFile !== undefined) {
          certificate ??= await readFile(auth.clientCertificateFile, 'utf8');
        }
        if (auth.clientKeyFile !== undefined) key ??= await readFile(auth.clientKeyFile, 'utf8');
        this.#fileStamp = stamp;
      }
    }
    if (auth.exec !== undefined) {
      const given = await runExecPlugin(auth.exec);
      token = given.token ?? token;
      certificate = given.certificate ?? certificate;
      key = given.key ?? key;
      due = Math.min(due, given.expires);
    }
    const headers: Record<string, string | string[]> = { ...this.#impersonation };
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    else if (auth.username !== undefined || auth.password !== undefined) {
      const pair = Buffer.from(`${auth.username ?? ''}:${auth.password ?? ''}`).toString('base64');
      headers['authorization'] = `Basic ${pair}`;
    }
    this.#due = due;
    if (
      previous !== undefined &&
      previous.certificate === certificate &&
      previous.key === key &&
      JSON.stringify(previous.headers) === JSON.stringify(headers)
    ) {
      return previous;
    }
    this.#current = { headers, certificate, key };
    return this.#current;
  }
}

async function stampOf(...paths: readonly (string | undefined)[]): Promise<string> {
  const parts: string[] = [];
  for (const path of paths) {
    if (path === undefined) continue;
    const { mtimeMs, size, ino } = await stat(path);
    parts.push(`${mtimeMs}:${size}:${ino}`);
  }
  return parts.join(' ');
}

function impersonationHeaders(who: Impersonation | undefined): Record<string, string | string[]> {
  if (who === undefined) return {};
  const headers: Record<string, string | string[]> = { 'impersonate-user': who.user };
  if (who.uid !== undefined && who.uid !== '') headers['impersonate-uid'] = who.uid;
  if (who.groups !== undefined && who.groups.length > 0) headers['impersonate-group'] = [...who.groups];
  for (const [key, values] of Object.entries(who.extra ?? {})) {
    headers[`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`] = [...values];
  }
  return headers;
}

interface ExecCredential {
  apiVersion?: string;
  kind?: string;
  status?: {
    token?: string;
    clientCertificateData?: string;
    clientKeyData?: string;
    expirationTimestamp?: string;
  };
}

const PLUGIN_TIMEOUT_MS = 120_000;

/** Runs the plugin once; `expires` is a time in milliseconds (endless where the plugin names none). */
async function runExecPlugin(
  plugin: ExecPlugin,
): Promise<{ token?: string; certificate?: string; key?: string; expires: number }> {
  const interactive = plugin.interactiveMode !== 'Never' && isatty(0);
  if (plugin.interactiveMode === 'Always' && !interactive) {
    throw new Error(
      `exec plugin cannot support interactive mode: standard input is not a terminal (${plugin.command})`,
    );
  }
  const spec: Record<string, unknown> = { interactive };
  if (plugin.cluster !== undefined) spec['cluster'] = plugin.cluster;
  const info = { apiVersion: plugin.apiVersion, kind: 'ExecCredential', spec };
  // The plugin is a program of the user's choice: it needs the user's environment (HOME, PATH, AWS_PROFILE …).
  const env = { ...process.env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
  const output = await (interactive ? runInteractive(plugin, env) : runQuietly(plugin, env));
  let credential: ExecCredential;
  try {
    credential = JSON.parse(output) as ExecCredential;
  } catch (error) {
    throw new Error(`decoding stdout: ${messageOf(error)} (exec plugin ${plugin.command})`, { cause: error });
  }
  if (credential.apiVersion !== plugin.apiVersion) {
    throw new Error(
      `exec plugin is configured to use API version ${plugin.apiVersion}, plugin returned version ${credential.apiVersion ?? ''}`,
    );
  }
  const status = credential.status;
  if (status === undefined) throw new Error("exec plugin didn't return a status field");
  if (!status.token && !status.clientCertificateData && !status.clientKeyData) {
    throw new Error("exec plugin didn't return a token or cert/key pair");
  }
  if (!status.clientCertificateData !== !status.clientKeyData) {
    throw new Error('exec plugin returned only certificate or key, not both');
  }
  const result: { token?: string; certificate?: string; key?: string; expires: number } = {
    expires:
      status.expirationTimestamp === undefined
        ? Number.POSITIVE_INFINITY
        : Date.parse(status.expirationTimestamp),
  };
  if (status.token) result.token = status.token;
  if (status.clientCertificateData) result.certificate = status.clientCertificateData;
  if (status.clientKeyData) result.key = status.clientKeyData;
  return result;
}

function runQuietly(plugin: ExecPlugin, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env, timeout: PLUGIN_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 };
    execFile(plugin.command, plugin.args, options, (error, stdout, stderr) => {
      if (error) reject(pluginError(plugin, error, stderr));
      else resolve(stdout);
    });
  });
}

function runInteractive(plugin: ExecPlugin, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(plugin.command, plugin.args, { env, stdio: ['inherit', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => reject(pluginError(plugin, error, '')));
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
      else reject(pluginError(plugin, new Error(`exit code ${code}`), ''));
    });
  });
}

function pluginError(plugin: ExecPlugin, error: Error & { code?: unknown }, stderr: string): Failure {
  const missing = error.code === 'ENOENT';
  return new Failure({
    code: 'KUBE_CREDENTIALS',
    message: missing
      ? `getting credentials: exec: executable ${plugin.command} not found`
      : `getting credentials: exec: executable ${plugin.command} failed with ${
          typeof error.code === 'number' ? `exit code ${error.code}` : messageOf(error)
        }${stderr.trim() === '' ? '' : `: ${stderr.trim().slice(-2000)}`}`,
    remedy: plugin.installHint ?? (missing ? 'install the program that the kubeconfig names' : undefined),
    cause: error,
  });
}
