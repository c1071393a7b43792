import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../lib/errors.ts';
import { KubeError } from './errors.ts';
import { LineSplitter, watchResource } from './watch.ts';

const WIDGETS = {
  group: 'example.com',
  version: 'v1',
  resource: 'widgets',
  kind: 'Widget',
  singular: 'widget',
  shortNames: [],
  namespaced: true,
  verbs: [],
  preferred: true,
};

/** What a list answers, one answer after another, and the version from which is watched then. */
async function watchedFrom(
  ...answers: (Error | { version: string; next?: string })[]
): Promise<string | null> {
  const stop = new AbortController();
  let from: string | null = null;
  const transport = {
    server: 'https://example.com',
    closing: new AbortController().signal,
    stats: { requests: 0, throttledMs: 0, retries: 0 },
    request: () => {
      const answer = answers.shift();
      if (answer === undefined) throw new Error('asked too often');
      if (answer instanceof Error) return Promise.reject(answer);
      const metadata = { resourceVersion: answer.version, continue: answer.next ?? '' };
      const body = Buffer.from(JSON.stringify({ kind: 'WidgetList', metadata, items: [] }));
      return Promise.resolve({ status: 200, headers: {}, body, repeated: false });
    },
    stream: ({ path }: { path: string }) => {
      from = new URL(path, 'https://example.com').searchParams.get('resourceVersion');
      stop.abort();
      return Promise.reject(new Error('enough'));
    },
  };
  for await (const _ of watchResource(transport, WIDGETS, { signal: stop.signal }));
  return from;
}

describe('the list before a watch', () => {
  it('is watched from its first version where it went on at a newer one, so that no change is missed', async () => {
    const expired = new KubeError({
      message: 'expired',
      status: 410,
      reason: 'Expired',
      continueToken: 'newer',
    });
    expect(await watchedFrom({ version: '100', next: 'token' }, expired, { version: '200' })).toBe('100');
  });

  it('is tried again where our credentials could not be had', async () => {
    const unknown = new Failure({ code: 'KUBE_CREDENTIALS', message: 'the plugin is away' });
    expect(await watchedFrom(unknown, { version: '7' })).toBe('7');
  });
});

describe('lines of a watch', () => {
  it('come out whole however the bytes are cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', minLength: 1 }).map((text) => text.replaceAll('\n', ' '))),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (lines, sizes) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const splitter = new LineSplitter();
          const out: string[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length] as number;
            out.push(...splitter.push(bytes.subarray(at, at + size)));
            at += size;
          }
          expect(out).toEqual(lines.map((line) => Buffer.from(line).toString()));
        },
      ),
    );
  });

  it('are not given before they end', () => {
    const splitter = new LineSplitter();
    expect(splitter.push(Buffer.from('{"a":1}\n{"b"'))).toEqual(['{"a":1}']);
    expect(splitter.push(Buffer.from(':2}'))).toEqual([]);
    expect(splitter.push(Buffer.from('\n\n'))).toEqual(['{"b":2}']);
  });
});
