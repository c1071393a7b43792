import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CredentialSource } from './credentials.ts';
import type { ExecPlugin } from './kubeconfig.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credentials-'));
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A plugin that counts its runs and prints what `status` holds. */
function plugin(status: string): ExecPlugin & { runs: () => number } {
  const command = file(
    'plugin',
    `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >> ${folder}/runs\nprintf '%s' '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":${status}}'\n`,
  );
  chmodSync(command, 0o755);
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    command,
    args: [],
    env: {},
    interactiveMode: 'Never',
    cluster: { server: 'https://one' },
    runs: () => readFileSync(join(folder, 'runs'), 'utf8').trim().split('\n').length,
  };
}

async function current(source: CredentialSource): Promise<unknown> {
  return (source.current ?? (await source.refresh())).headers;
}

describe('credentials', () => {
  it('reads a token file again each minute, and keeps the old token where the file is briefly gone', async () => {
    const tokenFile = file('token', 'first\n');
    const source = new CredentialSource({ auth: { tokenFile, token: 'stale' } });
    expect(await current(source)).toEqual({ authorization: 'Bearer first' });
    writeFileSync(tokenFile, 'second');
    vi.advanceTimersByTime(59_000);
    expect(await current(source)).toEqual({ authorization: 'Bearer first' });
    vi.advanceTimersByTime(1001);
    expect(await current(source)).toEqual({ authorization: 'Bearer second' });
    rmSync(tokenFile);
    vi.advanceTimersByTime(60_001);
    expect(await current(source)).toEqual({ authorization: 'Bearer second' });
    writeFileSync(tokenFile, 'third');
    vi.advanceTimersByTime(5001);
    expect(await current(source)).toEqual({ authorization: 'Bearer third' });
  });

  it('reads a token file at once where the server refused the token', async () => {
    const tokenFile = file('token', 'first');
    const source = new CredentialSource({ auth: { tokenFile } });
    const first = await source.refresh();
    writeFileSync(tokenFile, 'second');
    expect(source.refused(first)).toBe(true);
    expect(await current(source)).toEqual({ authorization: 'Bearer second' });
    expect(new CredentialSource({ auth: { token: 'x' } }).refused(first)).toBe(false);
  });

  it('gives new certificates where their files change', async () => {
    const clientCertificateFile = file('crt', 'CERT 1');
    const clientKeyFile = file('key', 'KEY 1');
    const source = new CredentialSource({ auth: { clientCertificateFile, clientKeyFile } });
    const first = await source.refresh();
    expect(first).toMatchObject({ certificate: 'CERT 1', key: 'KEY 1', headers: {} });
    vi.advanceTimersByTime(60_001);
    expect(await source.refresh()).toBe(first);
    writeFileSync(clientCertificateFile, 'CERT 22');
    writeFileSync(clientKeyFile, 'KEY 22');
    vi.advanceTimersByTime(60_001);
    expect(await source.refresh()).toMatchObject({ certificate: 'CERT 22', key: 'KEY 22' });
  });

  it('runs an exec plugin once, again when what it gave expires or is refused, and tells it of the cluster', async () => {
    const expires = new Date(Date.now() + 60_000).toISOString();
    const exec = plugin(`{"token":"t","expirationTimestamp":"${expires}"}`);
    const source = new CredentialSource({ auth: { exec } });
    expect(await current(source)).toEqual({ authorization: 'Bearer t' });
    await current(source);
    expect(exec.runs()).toBe(1);
    vi.advanceTimersByTime(60_001);
    const again = source.current ?? (await source.refresh());
    expect(exec.runs()).toBe(2);
    source.refused(again);
    await current(source);
    expect(exec.runs()).toBe(3);
    expect(JSON.parse(readFileSync(join(folder, 'runs'), 'utf8').split('\n')[0] as string)).toEqual({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: 'https://one' } },
    });
  });

  it('takes client certificates from an exec plugin', async () => {
    const exec = plugin('{"clientCertificateData":"CERT","clientKeyData":"KEY"}');
    expect(await new CredentialSource({ auth: { exec } }).refresh()).toMatchObject({
      certificate: 'CERT',
      key: 'KEY',
    });
  });

  it('says what is wrong with an exec plugin', async () => {
    const failure = (auth: ExecPlugin): Promise<unknown> =>
      new CredentialSource({ auth: { exec: auth } }).refresh().catch((error: unknown) => error);
    const good = plugin('{"token":"t"}');
    await expect(
      failure({ ...good, command: '/none/login', installHint: 'install login' }),
    ).resolves.toMatchObject({
      code: 'KUBE_CREDENTIALS',
      message: 'getting credentials: exec: executable /none/login not found',
      remedy: 'install login',
    });
    await expect(
      failure({ ...good, command: '/bin/sh', args: ['-c', 'echo no >&2; exit 3'] }),
    ).resolves.toMatchObject({
      message: 'getting credentials: exec: executable /bin/sh failed with exit code 3: no',
    });
    await expect(
      failure({ ...good, apiVersion: 'client.authentication.k8s.io/v1beta1' }),
    ).resolves.toMatchObject({
      message: expect.stringContaining('plugin returned version client.authentication.k8s.io/v1') as string,
    });
    await expect(failure(plugin('{}'))).resolves.toMatchObject({
      message: "exec plugin didn't return a token or cert/key pair",
    });
    await expect(failure(plugin('{"clientKeyData":"KEY"}'))).resolves.toMatchObject({
      message: 'exec plugin returned only certificate or key, not both',
    });
  });

  it('sends passwords and impersonation as the API server reads them', async () => {
    const source = new CredentialSource({
      auth: { username: 'jane', password: 'pä:ss' },
      impersonate: {
        user: 'bob',
        uid: '7',
        groups: ['dev', 'ops'],
        extra: { 'example.com/Scopes': ['a', 'b'] },
      },
    });
    expect(await current(source)).toEqual({
      authorization: `Basic ${Buffer.from('jane:pä:ss').toString('base64')}`,
      'impersonate-user': 'bob',
      'impersonate-uid': '7',
      'impersonate-group': ['dev', 'ops'],
      'impersonate-extra-example.com%2Fscopes': ['a', 'b'],
    });
  });

  it('asks once where several requests need credentials at the same time', async () => {
    const exec = plugin('{"token":"t"}');
    const source = new CredentialSource({ auth: { exec } });
    await Promise.all([source.refresh(), source.refresh(), source.refresh()]);
    expect(exec.runs()).toBe(1);
  });
});
