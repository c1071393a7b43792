import { createServer } from 'node:net';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { networkFault } from './network-fault.ts';

async function failureOf(url: string): Promise<unknown> {
  try {
    await request(url);
  } catch (error) {
    return error;
  }
  throw new Error(`${url} answers`);
}

/** A server that ends every connection by `end`; its port. */
async function closing(end: 'destroy' | 'resetAndDestroy'): Promise<{ url: string; close: () => void }> {
  const server = createServer((socket) => socket.once('data', () => socket[end]()));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

describe('what befalls real connections', () => {
  it('a port that nobody listens on', async () => {
    const { url, close } = await closing('destroy');
    close();
    const fault = networkFault(await failureOf(url), url);
    expect(fault).toEqual({
      text: `dial tcp ${url.slice('http://'.length)}: connect: connection refused`,
      kind: 'passing',
      unknownAuthority: false,
    });
  });

  it.each([
    ['destroy', 'EOF'],
    ['resetAndDestroy', 'read: connection reset by peer'],
  ] as const)('a server that ends the connection by %s', async (end, text) => {
    const { url, close } = await closing(end);
    try {
      expect(networkFault(await failureOf(url), url)).toMatchObject({ text, kind: 'passing' });
    } finally {
      close();
    }
  });

  it('a name that does not exist', async () => {
    const url = 'http://nowhere.invalid:9000';
    const fault = networkFault(await failureOf(url), url);
    expect(fault.text).toMatch(
      /^dial tcp: lookup nowhere\.invalid: (no such host|temporary failure in name resolution)$/,
    );
    expect(fault.kind).toBe('passing');
  });
});

describe('what undici tells by codes', () => {
  const coded = (code: string, more: object = {}) => Object.assign(new Error('in words'), { code, ...more });

  it.each([
    ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate', true],
    ['CERT_HAS_EXPIRED', 'certificate', false],
    ['UND_ERR_HEADERS_TIMEOUT', 'timeout', false],
    ['EPIPE', 'passing', false],
  ] as const)('%s', (code, kind, unknownAuthority) => {
    expect(networkFault(coded(code), 'https://s3')).toMatchObject({ kind, unknownAuthority });
  });

  it('the default port and brackets where the error lacks the address', () => {
    expect(networkFault(coded('UND_ERR_CONNECT_TIMEOUT'), 'https://s3/').text).toBe(
      'dial tcp s3:443: i/o timeout',
    );
    expect(networkFault(coded('ECONNREFUSED', { address: '::1', port: 80 }), 'http://x').text).toBe(
      'dial tcp [::1]:80: connect: connection refused',
    );
  });

  it('the first of several addresses, and causes within causes', () => {
    const inner = coded('ECONNREFUSED', { address: '10.0.0.1', port: 1 });
    const both = new AggregateError([inner, coded('ETIMEDOUT')]);
    expect(networkFault(new TypeError('fetch failed', { cause: both }), 'http://x').text).toBe(
      'dial tcp 10.0.0.1:1: connect: connection refused',
    );
  });

  it('anything else in its own words', () => {
    expect(networkFault(coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'https://x')).toEqual({
      text: 'in words',
      kind: 'other',
      unknownAuthority: false,
    });
  });
});
