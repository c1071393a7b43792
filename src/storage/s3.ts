/**
 * Provider `velero.io/aws`: Amazon S3 and everything that speaks like it, configured as velero-plugin-for-aws is (its
 * object_store.go), so that no location needs a change.
 */

import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Environment } from '../lib/http-proxy.ts';
import type { RetryPolicy } from './layers/retry.ts';
import type { ObjectBody, ObjectInfo, ObjectStore, ObjectStoreProvider, PutOptions } from './object-store.ts';
import { createS3Clients, type S3Clients, type S3Timeouts } from './s3-client.ts';
import { type ReadSecret, readS3Settings, S3_CONFIG_KEYS, type S3Settings } from './s3-config.ts';
import { downloadPart, resumingDownload } from './s3-download.ts';
import { s3Failure } from './s3-errors.ts';
import { customerKeyOptions, upload } from './s3-upload.ts';
import { isNotFound } from './store-errors.ts';

export interface S3ProviderOptions extends S3Timeouts {
  /** Where AWS_… variables and proxies are looked up. */
  env: Environment;
  /** For `customerKeyEncryptionSecret`. */
  readSecret?: ReadSecret;
  /** How the parts of a large upload are tried again. */
  partRetry?: RetryPolicy;
}

export function s3Provider(options: S3ProviderOptions): ObjectStoreProvider {
  return {
    name: 'velero.io/aws',
    configKeys: S3_CONFIG_KEYS,
    open: async (config) => {
      const settings = await readS3Settings(config, options.env, options.readSecret);
      const clients = await createS3Clients(settings, options.env, options, (client) =>
        bucketRegion(client, settings),
      );
      return new S3Store(settings, clients, options);
    },
  };
}

/** Any answer about a bucket, a refusal too, names its region in a header. */
async function bucketRegion(client: S3Client, settings: S3Settings): Promise<string | undefined> {
  const { HeadBucketCommand } = await import('@aws-sdk/client-s3');
  try {
    const answer = await client.send(new HeadBucketCommand({ Bucket: settings.bucket }));
    return answer.BucketRegion;
  } catch (error) {
    const { $response } = error as { $response?: { headers?: Record<string, string> } };
    const region = $response?.headers?.['x-amz-bucket-region'];
    if (region !== undefined) return region;
    throw s3Failure(error, "failed to determine bucket's region", settings.name, 's3.amazonaws.com');
  }
}

class S3Store implements ObjectStore {
  readonly name: string;
  readonly #settings: S3Settings;
  readonly #clients: S3Clients;
  readonly #options: S3ProviderOptions;

  constructor(settings: S3Settings, clients: S3Clients, options: S3ProviderOptions) {
    this.name = settings.name;
    this.#settings = settings;
    this.#clients = clients;
    this.#options = options;
  }

  #explain(action: string): (error: unknown) => Error {
    return (error) => s3Failure(error, action, this.name, this.#clients.endpoint);
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<void> {
    const stream = typeof body === 'function' ? body() : body;
    try {
      await upload(stream, {
        client: this.#clients.client,
        settings: this.#settings,
        key,
        size: options.size,
        signal: options.signal,
        partRetry: this.#options.partRetry ?? {},
        explain: this.#explain(`error putting object ${key}`),
      });
    } finally {
      if (!(stream instanceof Uint8Array)) stream.destroy();
    }
  }

  async exists(key: string, signal?: AbortSignal): Promise<boolean> {
    const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
    const command = new HeadObjectCommand({
      Bucket: this.#settings.bucket,
      Key: key,
      ...customerKeyOptions(this.#settings.customerKey),
    });
    try {
      await this.#clients.client.send(command, abortable(signal));
      return true;
    } catch (error) {
      const failure = this.#explain(`error checking object ${key}`)(error);
      if (!isUnexplained(error)) throw failure;
      // Answers to HEAD have no body: a missing bucket looks like a missing object, wrong keys like missing rights.
      for await (const _page of this.#pages(key, undefined, signal, `error checking object ${key}`)) break;
      if (isNotFound(failure)) return false;
      throw failure;
    }
  }

  async get(key: string, signal?: AbortSignal): Promise<Readable> {
    const first = await this.#open(key, signal, 0, undefined);
    return resumingDownload(first, (position, etag) => this.#open(key, signal, position, etag), {
      name: this.name,
      key,
      idleMs: this.#options.idleMs ?? 60_000,
      signal,
    });
  }

  async #open(key: string, signal: AbortSignal | undefined, position: number, etag: string | undefined) {
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    const command = new GetObjectCommand({
      Bucket: this.#settings.bucket,
      Key: key,
      ...customerKeyOptions(this.#settings.customerKey),
      ...(position === 0 ? {} : { Range: `bytes=${position}-` }),
      ...(etag === undefined ? {} : { IfMatch: etag }),
    });
    try {
      return downloadPart(await this.#clients.client.send(command, abortable(signal)));
    } catch (error) {
      throw this.#explain(`error getting object ${key}`)(error);
    }
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    for await (const page of this.#pages(prefix, undefined, signal)) {
      for (const object of page.Contents ?? []) {
        if (object.Key === undefined) continue;
        const modified = object.LastModified?.getTime();
        const info = { key: object.Key, size: object.Size ?? 0 };
        yield modified === undefined ? info : { ...info, lastModified: modified };
      }
    }
  }

  async listCommonPrefixes(prefix: string, delimiter: string, signal?: AbortSignal): Promise<string[]> {
    const prefixes: string[] = [];
    for await (const page of this.#pages(prefix, delimiter, signal)) {
      for (const common of page.CommonPrefixes ?? []) {
        if (common.Prefix !== undefined) prefixes.push(common.Prefix);
      }
    }
    return prefixes;
  }

  async *#pages(
    prefix: string,
    delimiter: string | undefined,
    signal: AbortSignal | undefined,
    action = `error listing ${JSON.stringify(prefix)}`,
  ) {
    const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
    let token: string | undefined;
    do {
      const command: InstanceType<typeof ListObjectsV2Command> = new ListObjectsV2Command({
        Bucket: this.#settings.bucket,
        Prefix: prefix,
        ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      try {
        const page = await this.#clients.client.send(command, abortable(signal));
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
        yield page;
      } catch (error) {
        throw this.#explain(action)(error);
      }
    } while (token !== undefined);
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
    const command = new DeleteObjectCommand({ Bucket: this.#settings.bucket, Key: key });
    try {
      await this.#clients.client.send(command, abortable(signal));
    } catch (error) {
      const failure = this.#explain(`error deleting object ${key}`)(error);
      if (!isNotFound(failure)) throw failure;
    }
  }

  async signedUrl(key: string, ttlMs: number): Promise<string> {
    const [{ GetObjectCommand }, { getSignedUrl }] = await Promise.all([
      import('@aws-sdk/client-s3'),
      import('@aws-sdk/s3-request-presigner'),
    ]);
    const command = new GetObjectCommand({ Bucket: this.#settings.bucket, Key: key });
    try {
      return await getSignedUrl(this.#clients.signer, command, { expiresIn: Math.floor(ttlMs / 1000) });
    } catch (error) {
      throw this.#explain(`error signing a URL for ${key}`)(error);
    }
  }

  async close(): Promise<void> {
    this.#clients.client.destroy();
    this.#clients.signer.destroy();
  }
}

/** True for the two refusals that a HEAD request cannot explain. */
function isUnexplained(error: unknown): boolean {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status === 403 || status === 404;
}

function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
