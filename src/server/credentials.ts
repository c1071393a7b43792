/**
 * Credentials of storage locations as files, for providers and plugins that read them from a path
 * (internal/credentials/file_store.go). Files are for their owner alone and lie in a directory of this process.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject } from '../api/object.ts';
import type { KubeClient } from '../kube/contract.ts';
import { isNotFound } from '../kube/errors.ts';
import { Failure, messageOf, wrap } from '../lib/errors.ts';
import { goQuote } from '../lib/go-text.ts';
import { spoolFailure } from './spool.ts';

interface SecretKey {
  name?: string;
  key: string;
}

export interface CredentialStore {
  /**
   * Writes the secret's value to its file and gives the path.
   * @throws Failure or KubeError, beginning with `unable to get key for secret`
   */
  path(selector: SecretKey, signal?: AbortSignal): Promise<string>;
  /** The secret's value as text. @throws as `path` */
  value(selector: SecretKey, signal?: AbortSignal): Promise<string>;
}

/** A store for secrets of `namespace` with its files below `directory`, which is private to this process. */
export function createCredentialStore(
  kube: KubeClient,
  namespace: string,
  directory: string,
): CredentialStore {
  const read = (selector: SecretKey, signal?: AbortSignal) =>
    readSecretKey(kube, namespace, selector, signal).catch((error: unknown) => {
      throw wrap(error, 'unable to get key for secret');
    });
  return {
    async path(selector, signal) {
      const content = await read(selector, signal);
      // A folder for each secret: key `b-c` of secret `a` and key `c` of secret `a-b` would be one file.
      const folder = join(directory, namespace, selector.name ?? '');
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // Names of secrets and keys have no slash.
      const path = join(folder, `${selector.name ?? ''}-${selector.key}`);
      // Most uses change nothing, and a disk that is full meanwhile must not keep a backup's files from the store.
      if (
        await readFile(path).then(
          (written) => written.equals(content),
          () => false,
        )
      )
        return path;
      const fresh = `${path}.${randomBytes(6).toString('hex')}`;
      try {
        // Replaced as a whole: a plugin that reads it meanwhile must not see half a file.
        await writeFile(fresh, content, { mode: 0o600, flag: 'wx' });
        await rename(fresh, path);
      } catch (error) {
        await rm(fresh, { force: true });
        throw wrap(spoolFailure(error, directory), 'unable to write credentials to store');
      }
      return path;
    },
    value: async (selector, signal) => (await read(selector, signal)).toString(),
  };
}

/**
 * One key of a secret.
 * @throws KubeError where the secret cannot be read, Failure `SECRET_MISSING`, `SECRET_KEY_MISSING`
 */
async function readSecretKey(
  kube: KubeClient,
  namespace: string,
  selector: SecretKey,
  signal?: AbortSignal,
): Promise<Buffer> {
  const secrets = kube.discovery.find('', 'secrets');
  if (secrets === undefined) throw new Error('the cluster serves no secrets');
  const name = selector.name ?? '';
  const secret = await kube
    .get<KubeObject & { data?: Record<string, string> }>(secrets, name, namespace, signal)
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      throw new Failure({
        code: 'SECRET_MISSING',
        message: messageOf(error),
        object: `secret ${namespace}/${name}`,
        remedy: `create the secret ${name} with the key ${selector.key} in namespace ${namespace}, or name another one in spec.credential`,
        cause: error,
      });
    });
  const encoded = secret.data?.[selector.key];
  if (encoded === undefined) {
    throw new Failure({
      code: 'SECRET_KEY_MISSING',
      message: `${goQuote(name)} secret is missing data for key ${goQuote(selector.key)}`,
      object: `secret ${namespace}/${name}`,
      remedy: `add the key ${selector.key} to the secret or name another key in the location`,
    });
  }
  return Buffer.from(encoded, 'base64');
}
