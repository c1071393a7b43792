/** Stores a body of any size, known or not, whole or not at all. */

import type { Readable } from 'node:stream';
import type {
  CompletedPart,
  CreateMultipartUploadCommandInput,
  PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { type RetryPolicy, retry } from './layers/retry.ts';
import type { CustomerKey, S3Settings } from './s3-config.ts';

/** A body up to this size goes in one request, and it is the size of each part of a larger one. */
const PART_BYTES = 16 * 1024 * 1024;
/** S3 takes no more parts than this for one object. */
const MAX_PARTS = 10_000;
/** Parts sent at once: enough to hide latency, few enough to keep memory small. */
const PARALLEL = 3;

export interface UploadOptions {
  client: S3Client;
  settings: S3Settings;
  key: string;
  size?: number | undefined;
  signal?: AbortSignal | undefined;
  /** A part is held in memory, so it can be sent again although the body as a whole cannot. */
  partRetry: RetryPolicy;
  /** Turns what the SDK throws into a Failure. */
  explain: (error: unknown) => Error;
}

/** @throws Failure; nothing is visible under the key then */
export async function upload(body: Readable | Uint8Array, options: UploadOptions): Promise<void> {
  if (body instanceof Uint8Array && body.length <= 4 * PART_BYTES) {
    await putWhole(body, options);
    return;
  }
  const partBytes = Math.max(PART_BYTES, Math.ceil((options.size ?? 0) / MAX_PARTS));
  const parts = body instanceof Uint8Array ? slices(body, partBytes) : pieces(body, partBytes);
  const first = await parts.next();
  if (first.done) {
    await putWhole(new Uint8Array(), options);
  } else if (first.value.last) {
    await putWhole(first.value.bytes, options);
  } else {
    await putInParts(first.value.bytes, parts, options);
  }
}

interface Piece {
  bytes: Uint8Array;
  last: boolean;
}

async function* slices(bytes: Uint8Array, size: number): AsyncGenerator<Piece> {
  for (let at = 0; at < bytes.length; at += size) {
    yield { bytes: bytes.subarray(at, at + size), last: at + size >= bytes.length };
  }
}

/** Cuts a stream into pieces of exactly `size` bytes, the last one shorter. */
async function* pieces(stream: Readable, size: number): AsyncGenerator<Piece> {
  let chunks: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    let rest = chunk;
    // A full piece is given away only when more follows, so that the last one is known as such.
    while (held + rest.length > size) {
      const taken = rest.subarray(0, size - held);
      yield { bytes: Buffer.concat([...chunks, taken], size), last: false };
      chunks = [];
      held = 0;
      rest = rest.subarray(taken.length);
    }
    // Chunks of a stream may be views of a buffer that its source uses again.
    chunks.push(Buffer.from(rest));
    held += rest.length;
  }
  yield { bytes: Buffer.concat(chunks, held), last: true };
}

async function putWhole(bytes: Uint8Array, options: UploadOptions): Promise<void> {
  const { PutObjectCommand } = await import('@aws-sdk/client-s3');
  const { settings, client, key, signal } = options;
  const command = new PutObjectCommand({
    Bucket: settings.bucket,
    Key: key,
    Body: bytes,
    ContentLength: bytes.length,
    ...objectOptions(settings),
  });
  try {
    await client.send(command, sendOptions(signal));
  } catch (error) {
    throw options.explain(error);
  }
}

async function putInParts(
  first: Uint8Array,
  rest: AsyncGenerator<Piece>,
  options: UploadOptions,
): Promise<void> {
  const sdk = await import('@aws-sdk/client-s3');
  const { client, settings, key, signal } = options;
  const target = { Bucket: settings.bucket, Key: key };
  const send = async <T>(what: string, run: () => Promise<T>): Promise<T> =>
    retry(`${what} ${key}`, options.partRetry, signal, async () => {
      try {
        return await run();
      } catch (error) {
        throw options.explain(error);
      }
    });
  const created = await send('create upload of', () =>
    client.send(
      new sdk.CreateMultipartUploadCommand({ ...target, ...objectOptions(settings) }),
      sendOptions(signal),
    ),
  );
  const UploadId = created.UploadId as string;
  const done: CompletedPart[] = [];
  const running = new Set<Promise<void>>();
  let failure: unknown;
  const start = (bytes: Uint8Array, PartNumber: number) => {
    const work = send(`part ${PartNumber} of`, () =>
      client.send(
        new sdk.UploadPartCommand({
          ...target,
          UploadId,
          PartNumber,
          Body: bytes,
          ContentLength: bytes.length,
          ...customerKeyOptions(settings.customerKey),
          ...checksumOptions(settings),
        }),
        sendOptions(signal),
      ),
    )
      .then((part) => {
        done[PartNumber - 1] = completedPart(part, PartNumber);
      })
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => running.delete(work));
    running.add(work);
  };
  try {
    let number = 1;
    start(first, number);
    for await (const piece of rest) {
      if (running.size >= PARALLEL) await Promise.race(running);
      if (failure !== undefined) break;
      number++;
      start(piece.bytes, number);
    }
    await Promise.all(running);
    if (failure !== undefined) throw failure;
    await send('complete upload of', () =>
      client.send(
        new sdk.CompleteMultipartUploadCommand({
          ...target,
          UploadId,
          MultipartUpload: { Parts: done },
          ...customerKeyOptions(settings.customerKey),
        }),
        sendOptions(signal),
      ),
    );
  } catch (error) {
    await Promise.all(running);
    // Parts of an upload that is never completed cost money until somebody removes them.
    const abort = new sdk.AbortMultipartUploadCommand({ ...target, UploadId });
    await client.send(abort, { abortSignal: AbortSignal.timeout(15_000) }).catch(() => undefined);
    throw error;
  }
}

function completedPart(part: CompletedPart, PartNumber: number): CompletedPart {
  const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = part;
  const all = {
    ETag,
    PartNumber,
    ChecksumCRC32,
    ChecksumCRC32C,
    ChecksumCRC64NVME,
    ChecksumSHA1,
    ChecksumSHA256,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function sendOptions(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

/** SSE-C headers, which every request about such an object needs. */
export function customerKeyOptions(key: CustomerKey | undefined) {
  return key === undefined
    ? {}
    : { SSECustomerAlgorithm: 'AES256', SSECustomerKey: key.key, SSECustomerKeyMD5: key.md5 };
}

function checksumOptions(settings: S3Settings) {
  return settings.checksumAlgorithm === undefined ? {} : { ChecksumAlgorithm: settings.checksumAlgorithm };
}

function encryptionOptions(
  settings: S3Settings,
): Partial<PutObjectCommandInput & CreateMultipartUploadCommandInput> {
  if (settings.kmsKeyId !== undefined) {
    return { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: settings.kmsKeyId };
  }
  if (settings.customerKey !== undefined) return customerKeyOptions(settings.customerKey);
  return settings.serverSideEncryption === undefined
    ? {}
    : { ServerSideEncryption: settings.serverSideEncryption as 'AES256' };
}

function objectOptions(settings: S3Settings) {
  return {
    ...encryptionOptions(settings),
    ...checksumOptions(settings),
    ...(settings.tagging === undefined ? {} : { Tagging: settings.tagging }),
  };
}
