import { describe, expect, it } from 'vitest';
import type { Answer } from './collector.ts';
import type { ApiResource } from './contract.ts';
import { KubeError } from './errors.ts';
import { keyOf } from './informer.ts';
import { listPages } from './list.ts';
import type { Request } from './transport.ts';

const WIDGETS: ApiResource = {
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

const EXPIRED = new KubeError({ message: 'too old', status: 410, reason: 'Expired' });

/** Answers one after another; an aggregated API may offer no token to go on with where one has expired. */
function scripted(...answers: (KubeError | { names: string[]; next?: string })[]) {
  const asked: string[] = [];
  const request = (wanted: Request): Promise<Answer> => {
    asked.push(new URL(wanted.path, 'http://x').searchParams.get('continue') ?? '');
    const answer = answers.shift();
    if (answer === undefined) throw new Error('asked too often');
    if (answer instanceof KubeError) return Promise.reject(answer);
    const items = answer.names.map((name) => ({ metadata: { namespace: 'shop', name } }));
    const list = {
      kind: 'WidgetList',
      apiVersion: 'example.com/v1',
      metadata: { continue: answer.next ?? '' },
      items,
    };
    return Promise.resolve({
      status: 200,
      headers: {},
      body: Buffer.from(JSON.stringify(list)),
      repeated: false,
    });
  };
  return { transport: { request }, asked };
}

async function names(script: ReturnType<typeof scripted>): Promise<string[]> {
  const all: string[] = [];
  for await (const page of listPages(script.transport, WIDGETS)) {
    for (const item of page.items) all.push(keyOf(item.object).replace('shop/', ''));
  }
  return all;
}

describe('a list whose continue token expires without another being offered', () => {
  it('begins again and passes over what was given', async () => {
    const script = scripted(
      { names: ['a', 'b'], next: '1' },
      { names: ['c', 'd'], next: '2' },
      EXPIRED,
      { names: ['a', 'aa', 'b', 'c'], next: '3' },
      { names: ['d', 'e'] },
    );
    expect(await names(script)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(script.asked).toEqual(['', '1', '2', '', '3']);
  });

  it('also passes over what was given where the server lists in no order', async () => {
    const script = scripted(
      { names: ['x', 'b'], next: '1' },
      { names: ['c', 'a'], next: '2' },
      EXPIRED,
      { names: ['a', 'n', 'x'], next: '3' },
      { names: ['c', 'b', 'z'] },
    );
    expect(await names(script)).toEqual(['x', 'b', 'c', 'a', 'n', 'z']);
  });

  it('is given up where tokens expire for ever', async () => {
    const script = scripted(
      ...Array.from({ length: 300 }, (_, turn) => (turn % 2 === 0 ? { names: ['a'], next: 'x' } : EXPIRED)),
    );
    await expect(names(script)).rejects.toBe(EXPIRED);
  });

  it('takes the token that is offered', async () => {
    const offered = new KubeError({
      message: 'too old',
      status: 410,
      reason: 'Expired',
      continueToken: 'new',
    });
    const script = scripted({ names: ['a'], next: '1' }, offered, { names: ['b'] });
    expect(await names(script)).toEqual(['a', 'b']);
    expect(script.asked).toEqual(['', '1', 'new']);
  });
});

describe('a list that cannot be read', () => {
  it('is an error that names it', async () => {
    const request = (): Promise<Answer> =>
      Promise.resolve({ status: 200, headers: {}, body: Buffer.from('{"items":[{"a":'), repeated: false });
    const pages = listPages({ request }, WIDGETS, { namespace: 'shop' });
    await expect(pages.next()).rejects.toMatchObject({
      message:
        "the server's list of widgets.example.com shop cannot be read: the list is cut off within an item",
      reason: 'BadResponse',
    });
  });
});
