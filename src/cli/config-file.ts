/** The client's configuration file, `$HOME/.config/velero/config.json` (pkg/client/config.go). */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { goQuote } from '../lib/go-text.ts';

/** What the file holds: values that we know are strings, others are kept as they are. */
export type ClientConfig = Readonly<Record<string, unknown>>;

export type ConfigKey = 'namespace' | 'features' | 'cacert' | 'colorized';

/** A setting, or an empty text where it is missing or no string. */
export function configText(config: ClientConfig, key: ConfigKey): string {
  const value = config[key];
  return typeof value === 'string' ? value : '';
}

/** Where the file lies for this user. */
export function configPath(env: Readonly<Record<string, string | undefined>>): string {
  return path.join(env['HOME'] ?? '', '.config', 'velero', 'config.json');
}

/**
 * Reads the file; an absent one is an empty configuration.
 * @throws Error where it cannot be read or is no JSON object
 */
export async function loadConfig(env: Readonly<Record<string, string | undefined>>): Promise<ClientConfig> {
  const file = configPath(env);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw new Error(`open ${file}: ${errnoText(code)}`, { cause: error });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (parsed === null) return {};
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new Error(`${file} must hold a JSON object, but holds ${goQuote(text.trim().slice(0, 20))}`);
  }
  return parsed as ClientConfig;
}

/** Writes the file, readable by its owner only, and makes its folder where needed. */
export async function saveConfig(
  env: Readonly<Record<string, string | undefined>>,
  config: ClientConfig,
): Promise<void> {
  const file = configPath(env);
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const sorted = Object.fromEntries(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(file, `${JSON.stringify(sorted)}\n`, { mode: 0o600 });
}

const ERRNO: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'file exists',
  EISDIR: 'is a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
};

/** What the operating system's error means, as C libraries put it. */
export function errnoText(code: string | undefined): string {
  return ERRNO[code ?? ''] ?? code ?? 'unknown error';
}
