import { describe, expect, it } from 'vitest';
import { proxyFor } from './http-proxy.ts';

const PROXY = 'http://proxy:3128';

function proxied(url: string, noProxy = ''): boolean {
  return proxyFor(new URL(url), { HTTPS_PROXY: PROXY, NO_PROXY: noProxy }) !== undefined;
}

describe('the proxy of a URL', () => {
  it('is HTTPS_PROXY for https and HTTP_PROXY for http, upper case before lower case', () => {
    const env = { HTTPS_PROXY: 'http://a:1', https_proxy: 'http://b:2', http_proxy: 'http://c:3' };
    expect(proxyFor(new URL('https://api:6443'), env)).toBe('http://a:1');
    expect(proxyFor(new URL('http://api'), env)).toBe('http://c:3');
    expect(proxyFor(new URL('https://api'), { https_proxy: 'proxy:3128' })).toBe(PROXY);
    expect(proxyFor(new URL('https://api'), { HTTPS_PROXY: '' })).toBeUndefined();
  });

  it('is none for this machine', () => {
    for (const url of [
      'https://localhost:1',
      'https://127.0.0.1',
      'https://127.9.9.9:6443',
      'https://[::1]:6443',
    ]) {
      expect(proxied(url), url).toBe(false);
    }
    expect(proxied('https://10.0.0.1')).toBe(true);
  });

  it('is none for what NO_PROXY lists: domains, addresses, networks, ports, everything', () => {
    const direct: [url: string, list: string][] = [
      ['https://api.example.com', 'example.com'],
      ['https://example.com', 'example.com'],
      ['https://api.example.com', '.example.com'],
      ['https://api.example.com', '*.example.com'],
      ['https://api.example.com', 'x, API.EXAMPLE.COM ,y'],
      ['https://10.1.2.3:6443', '10.0.0.0/8'],
      ['https://10.1.2.3:6443', '10.1.2.3'],
      ['https://10.1.2.3:6443', '10.1.2.3:6443'],
      ['https://[fd00::5]', 'fd00::/8'],
      ['https://[fd00::5]', 'fd00::5'],
      ['https://anything', '*'],
      ['https://kubernetes.default.svc', '.svc,.cluster.local'],
    ];
    for (const [url, list] of direct) expect(proxied(url, list), `${url} ${list}`).toBe(false);
    const through: [url: string, list: string][] = [
      ['https://example.com', '.example.com'],
      ['https://myexample.com', 'example.com'],
      ['https://10.1.2.3:6443', '10.1.2.3:443'],
      ['https://11.1.2.3', '10.0.0.0/8'],
      ['https://10.1.2.3', '10.0.0.0/99'],
      ['https://10.1.2.3', 'fd00::/8'],
      ['https://api', ''],
    ];
    for (const [url, list] of through) expect(proxied(url, list), `${url} ${list}`).toBe(true);
  });
});
