import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../lib/errors.ts';
import { type ClusterConfig, inClusterConfig, loadConfig, type LoadConfigOptions } from './config.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** One cluster, user and context named `one`; extra lines are fields of the cluster and of the user. */
function simple(cluster = '', user = 'token: abc', context = ''): string {
  return [
    'apiVersion: v1',
    'kind: Config',
    'current-context: one',
    'clusters:',
    '- name: one',
    '  cluster:',
    '    server: https://one:6443',
    ...(cluster === '' ? [] : cluster.split('\n').map((line) => `    ${line}`)),
    'users:',
    '- name: one',
    '  user:',
    ...user.split('\n').map((line) => `    ${line}`),
    'contexts:',
    '- name: one',
    '  context:',
    '    cluster: one',
    '    user: one',
    ...(context === '' ? [] : [`    ${context}`]),
  ].join('\n');
}

function load(text: string, options: Partial<LoadConfigOptions> = {}): ClusterConfig {
  return loadConfig({ kubeconfig: file('config', text), env: {}, ...options });
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return messageOf(error);
  }
  return 'accepted';
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const PREFIX =
  'error finding Kubernetes API server config in --kubeconfig, $KUBECONFIG, or in-cluster configuration: ';

describe('kubeconfig', () => {
  it('reads server, token, namespace, CA, TLS name and proxy', () => {
    const config = load(
      simple(
        `certificate-authority-data: ${base64('CA PEM')}\ntls-server-name: api.internal\nproxy-url: socks5://proxy:1080`,
        'token: abc',
        'namespace: shop',
      ),
    );
    expect(config).toEqual({
      server: 'https://one:6443',
      ca: 'CA PEM',
      tlsServerName: 'api.internal',
      proxyUrl: 'socks5://proxy:1080',
      auth: { token: 'abc' },
      namespace: 'shop',
    });
  });

  it('reads client certificates as data and as files beside the kubeconfig, and data wins', () => {
    file('crt.pem', 'CERT FILE');
    file('key.pem', 'KEY FILE');
    expect(load(simple('', 'client-certificate: crt.pem\nclient-key: key.pem')).auth).toEqual({
      clientCertificateFile: join(folder, 'crt.pem'),
      clientKeyFile: join(folder, 'key.pem'),
    });
    expect(
      load(
        simple(
          '',
          `client-certificate: crt.pem\nclient-certificate-data: ${base64('CERT')}\nclient-key-data: ${base64('KEY')}`,
        ),
      ).auth,
    ).toEqual({ clientCertificate: 'CERT', clientKey: 'KEY' });
    file('ca.pem', 'CA FILE');
    expect(load(simple('certificate-authority: ca.pem')).ca).toBe('CA FILE');
  });

  it('reads token files, passwords, insecure-skip-tls-verify and impersonation', () => {
    expect(load(simple('insecure-skip-tls-verify: true', 'tokenFile: token')).auth.tokenFile).toBe(
      join(folder, 'token'),
    );
    expect(load(simple('insecure-skip-tls-verify: true')).insecureSkipTlsVerify).toBe(true);
    const user =
      'username: jane\npassword: "12"\nas: bob\nas-uid: "7"\nas-groups: [dev, ops]\nas-user-extra: {scopes: [a, b]}';
    expect(load(simple('', user))).toMatchObject({
      auth: { username: 'jane', password: '12' },
      impersonate: { user: 'bob', uid: '7', groups: ['dev', 'ops'], extra: { scopes: ['a', 'b'] } },
    });
  });

  it('reads exec plugins; a command with a slash is relative to the file', () => {
    const user = `exec:
  apiVersion: client.authentication.k8s.io/v1
  command: ./bin/login
  args: [--cluster, one]
  env: [{name: A, value: b}]
  installHint: install login
  provideClusterInfo: true
  interactiveMode: Never`;
    expect(load(simple(`certificate-authority-data: ${base64('CA')}`, user)).auth.exec).toEqual({
      apiVersion: 'client.authentication.k8s.io/v1',
      command: join(folder, 'bin/login'),
      args: ['--cluster', 'one'],
      env: { A: 'b' },
      installHint: 'install login',
      interactiveMode: 'Never',
      cluster: { server: 'https://one:6443', 'certificate-authority-data': base64('CA') },
    });
  });

  it('takes KUBECONFIG with several files as one: the first to name something wins, missing files are passed over', () => {
    const first = file('first', 'current-context: two\nusers: [{name: one, user: {token: first}}]');
    const second = file(
      'second',
      `${simple()}\n- name: two\n  context: {cluster: one, user: one, namespace: second}`,
    );
    const config = loadConfig({ env: { KUBECONFIG: `${first}:${join(folder, 'none')}:${second}` } });
    expect(config).toMatchObject({ auth: { token: 'first' }, namespace: 'second' });
    expect(loadConfig({ env: { KUBECONFIG: second }, context: 'one' }).namespace).toBeUndefined();
  });

  it('falls back to ~/.kube/config, and a file named by flag wins over KUBECONFIG', () => {
    mkdirSync(join(folder, '.kube'));
    writeFileSync(join(folder, '.kube/config'), simple('', 'token: home'));
    expect(loadConfig({ env: { HOME: folder } }).auth.token).toBe('home');
    const flag = file('flag', simple('', 'token: flag'));
    expect(loadConfig({ env: { HOME: folder, KUBECONFIG: '/none' }, kubeconfig: flag }).auth.token).toBe(
      'flag',
    );
  });

  it('takes the proxy of the environment where the file names none, but not for what NO_PROXY lists', () => {
    const env = { HTTPS_PROXY: 'http://env:3128' };
    expect(load(simple(), { env }).proxyUrl).toBe('http://env:3128');
    expect(load(simple('proxy-url: http://file:3128'), { env }).proxyUrl).toBe('http://file:3128');
    expect(load(simple(), { env: { ...env, NO_PROXY: 'one' } }).proxyUrl).toBeUndefined();
  });

  it('takes the service account of the pod where there is no kubeconfig', () => {
    file('token', 'pod-token\n');
    file('ca.crt', 'POD CA');
    file('namespace', 'velero\n');
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    expect(inClusterConfig(env, folder)).toEqual({
      server: 'https://[fd00::1]:443',
      ca: 'POD CA',
      auth: { tokenFile: join(folder, 'token') },
      namespace: 'velero',
    });
    expect(inClusterConfig({}, folder)).toBeUndefined();
    expect(inClusterConfig(env, join(folder, 'none'))).toBeUndefined();
  });

  it('V-CLI-008 says that there is no configuration', () => {
    expect(refusal(() => loadConfig({ env: { HOME: folder } }))).toBe(
      `${PREFIX}invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable`,
    );
    const missing = join(folder, 'none');
    expect(refusal(() => loadConfig({ env: {}, kubeconfig: missing }))).toBe(
      `${PREFIX}stat ${missing}: no such file or directory`,
    );
  });

  it('says in the words of kubectl what is wrong', () => {
    const cases: [text: string, message: string, context?: string][] = [
      [simple(), 'context "other" does not exist', 'other'],
      [
        simple().replace('current-context: one', 'current-context: gone'),
        'invalid configuration: [context was not found for specified context: gone, cluster has no server defined]',
      ],
      [simple().replace('user: one', 'user: nobody'), 'auth info "nobody" does not exist'],
      [simple().replace('cluster: one', 'cluster: none'), 'cluster "none" does not exist'],
      [
        simple('', `client-certificate-data: ${base64('x')}`),
        'invalid configuration: client-key-data or client-key must be specified for one to use the clientCert authentication method.',
      ],
      [
        simple('', 'client-certificate: gone.pem\nclient-key-data: eA=='),
        `invalid configuration: unable to read client-cert ${join(folder, 'gone.pem')} for one due to open ${join(folder, 'gone.pem')}: no such file or directory`,
      ],
      [
        simple('', 'token: a\nusername: b\npassword: c'),
        'invalid configuration: more than one authentication method found for one; found [token basicAuth], only one is allowed',
      ],
      [
        simple('', 'token: a\nas-groups: [x]'),
        'invalid configuration: requesting uid, groups or user-extra for one without impersonating a user',
      ],
      [
        simple('proxy-url: ftp://x'),
        'invalid configuration: invalid \'proxy-url\' "ftp://x" for cluster "one": unsupported scheme "ftp", must be http, https, or socks5',
      ],
      [
        simple(`certificate-authority-data: eA==\ninsecure-skip-tls-verify: true`),
        'invalid configuration: specifying a root certificates file with the insecure flag is not allowed',
      ],
      [
        simple('', 'exec: {command: x}'),
        'invalid configuration: apiVersion must be specified for one to use exec authentication plugin',
      ],
    ];
    for (const [text, message, context] of cases) {
      expect(
        refusal(() => load(text, { context })),
        text,
      ).toBe(PREFIX + message);
    }
    expect(refusal(() => load('a: [b'))).toContain(`error loading config file "${join(folder, 'config')}"`);
    expect(refusal(() => load('just text'))).toContain('it holds no kubeconfig');
  });
});
