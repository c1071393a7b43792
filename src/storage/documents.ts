/** The bucket's JSON documents: objects into bytes as the original's pkg/util/encode writes them, and back. */

import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Failure, messageOf } from '../lib/errors.ts';
import { goJsonLine } from '../lib/go-json.ts';
import { parseJson } from '../lib/json.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** A list of 300,000 names takes some 20 MiB; a JavaScript string ends at 512 MiB. */
const MAX_DOCUMENT_BYTES = 480 * 1024 * 1024;

/** One line of JSON, compressed. */
export async function encodeDocument(value: unknown): Promise<Buffer> {
  return compress(Buffer.from(goJsonLine(value)));
}

/**
 * The JSON document in a compressed file.
 * @param name for messages: the object's whole name
 * @throws Failure `DOCUMENT_CORRUPT`; what the stream throws passes through
 */
export async function decodeDocument(stream: Readable, name: string): Promise<unknown> {
  const bytes = await readAll(stream, name);
  try {
    const text = await decompress(bytes, { maxOutputLength: MAX_DOCUMENT_BYTES });
    return parseJson(text.toString('utf8'));
  } catch (error) {
    throw corruptDocument(name, messageOf(error), error);
  }
}

/** @throws Failure `DOCUMENT_CORRUPT` for more than a document can have */
export async function readAll(stream: Readable, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_DOCUMENT_BYTES)
      throw corruptDocument(name, `it has more than ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

export function corruptDocument(name: string, what: string, cause?: unknown): Failure {
  return new Failure({
    code: 'DOCUMENT_CORRUPT',
    message: `error decoding object data: ${name}: ${what}`,
    object: name,
    remedy:
      'the object was damaged in the store or written by something else; delete the backup or restore it belongs to',
    cause,
  });
}
