/** Which proxy a request goes through, as Go programs read HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */

import { BlockList, isIP } from 'node:net';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL, or undefined where it is reached directly. Upper-case names win over lower-case ones; local
 * addresses are never proxied (golang.org/x/net/http/httpproxy).
 */
export function proxyFor(url: URL, env: Environment): string | undefined {
  const proxy =
    url.protocol === 'https:' || url.protocol === 'wss:'
      ? firstSet(env['HTTPS_PROXY'], env['https_proxy'])
      : firstSet(env['HTTP_PROXY'], env['http_proxy']);
  if (proxy === undefined) return undefined;
  const host = bareHost(url.hostname);
  const port =
    url.port === '' ? (url.protocol === 'https:' || url.protocol === 'wss:' ? '443' : '80') : url.port;
  if (host === 'localhost' || isLoopback(host)) return undefined;
  if (bypassed(host, port, firstSet(env['NO_PROXY'], env['no_proxy']) ?? '')) return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

function firstSet(...values: readonly (string | undefined)[]): string | undefined {
  return values.find((value) => value !== undefined && value !== '');
}

function bareHost(host: string): string {
  return (host.startsWith('[') ? host.slice(1, -1) : host).toLowerCase();
}

function isLoopback(host: string): boolean {
  return (isIP(host) === 4 && host.startsWith('127.')) || host === '::1';
}

function bypassed(host: string, port: string, list: string): boolean {
  for (const raw of list.split(',')) {
    let entry = raw.trim().toLowerCase();
    if (entry === '') continue;
    if (entry === '*') return true;
    if (entry.includes('/')) {
      if (inNetwork(host, entry)) return true;
      continue;
    }
    const withPort = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry);
    if (withPort) {
      if (withPort[2] !== port) continue;
      entry = withPort[1] as string;
    }
    entry = bareHost(entry);
    if (isIP(entry) !== 0) {
      if (entry === host) return true;
      continue;
    }
    if (entry.startsWith('*.')) entry = entry.slice(1);
    if (entry.startsWith('.')) {
      if (host.endsWith(entry)) return true;
    } else if (host === entry || host.endsWith(`.${entry}`)) return true;
  }
  return false;
}

function inNetwork(host: string, network: string): boolean {
  const family = isIP(host);
  const [base = '', bits = ''] = network.split('/');
  if (family === 0 || isIP(base) !== family) return false;
  const prefix = Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > (family === 4 ? 32 : 128)) return false;
  const block = new BlockList();
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  block.addSubnet(base, prefix, kind);
  return block.check(host, kind);
}
