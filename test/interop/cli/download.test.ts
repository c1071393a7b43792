import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import { Api } from '../../support/api.ts';
import {
  type CommandResult,
  createLocation,
  ensureNamespace,
  installCrds,
  phaseOf,
  runToEnd,
  type Side,
  startServer,
  velero,
  type VeleroServer,
} from '../../support/velero.ts';

/** Files of a backup in a store that the command line does not trust, or cannot reach, seen by both command lines. */

const SIDES = ['real', 'ours'] as const;
const NAMESPACE = 'velero';

let cluster: Cluster;
let api: Api;
let server: VeleroServer;

beforeAll(async () => {
  cluster = await startCluster({ velero: true, s3: { tls: true } });
  api = new Api(cluster);
  await installCrds(cluster, api, 'ours');
  await ensureNamespace(api, 'shop');
  await createLocation(cluster, api, NAMESPACE, {
    spec: { objectStorage: { bucket: 'velero', caCert: readFileSync(caFile()).toString('base64') } },
  });
  server = await startServer(cluster, api, { side: 'ours', namespace: NAMESPACE });
  const backup = await runToEnd(api, 'backups', NAMESPACE, 'one', { includedNamespaces: ['shop'] });
  expect(phaseOf(backup)).toBe('Completed');
}, 180_000);

afterAll(async () => {
  await server?.stop();
  await api?.close();
  await cluster?.stop();
});

function caFile(): string {
  const { caFile: file } = cluster.s3;
  if (file === undefined) throw new Error('the S3 server of this test speaks TLS');
  return file;
}

interface Both {
  real: CommandResult;
  ours: CommandResult;
}

/** Signed addresses differ in their signature; ours does not show it at all. */
const shown = (result: CommandResult): CommandResult => ({
  ...result,
  stdout: result.stdout.replaceAll(/\?X-Amz[^"\s]*/g, ''),
  stderr: result.stderr.replaceAll(/\?X-Amz[^"\s]*/g, ''),
});

async function both(
  args: (side: Side) => readonly string[],
  env: Record<string, string> = {},
): Promise<Both> {
  const [real, ours] = await Promise.all(
    SIDES.map((side) =>
      velero(cluster, side, [...args(side), '-n', NAMESPACE, '--colorized=false'], { env }).then(shown),
    ),
  );
  return { real, ours } as Both;
}

/** The error without the advice that ours adds below it. */
function expectSameError({ real, ours }: Both, message: RegExp): void {
  expect({ code: real.code, stdout: real.stdout }).toEqual({ code: 1, stdout: '' });
  expect({ code: ours.code, stdout: ours.stdout }).toEqual({ code: 1, stdout: '' });
  expect(real.stderr).toMatch(message);
  expect(ours.stderr).toMatch(message);
  expect(ours.stderr.startsWith(real.stderr)).toBe(true);
}

const UNKNOWN =
  /^An error occurred: Get "https:\/\/[^"?]+\/one-logs\.gz": tls: failed to verify certificate: x509: certificate signed by unknown authority\n/;

describe('a certificate that nobody knows', () => {
  it('V-CLI-033 is refused with a way out', async () => {
    const result = await both(() => ['backup', 'logs', 'one']);
    expectSameError(result, UNKNOWN);
    expect(result.ours.stderr).toMatch(/\n.*--cacert.*--insecure-skip-tls-verify.*\n$/);
  });

  it('V-CLI-031 V-CLI-033 leaves no file behind', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'download-'));
    const file = (side: Side) => path.join(folder, `${side}.tar.gz`);
    const result = await both((side) => ['backup', 'download', 'one', '-o', file(side)]);
    expectSameError(result, /certificate signed by unknown authority/);
    for (const side of SIDES) expect(existsSync(file(side))).toBe(false);
  });

  it.each([
    ['--cacert', () => [`--cacert=${caFile()}`]],
    ['--insecure-skip-tls-verify', () => ['--insecure-skip-tls-verify']],
  ])('V-CLI-030 V-CLI-031 is taken with %s', async (_name, flags) => {
    const logs = await both(() => ['backup', 'logs', 'one', ...flags()]);
    expect(logs.ours).toEqual(logs.real);
    expect(logs.ours.code).toBe(0);
    expect(logs.ours.stdout).toContain('Backed up a total of');
    const folder = mkdtempSync(path.join(tmpdir(), 'download-'));
    const download = await both((side) => [
      'backup',
      'download',
      'one',
      '-o',
      `${folder}/${side}`,
      ...flags(),
    ]);
    expect(download.ours.code).toBe(0);
    expect(readFileSync(path.join(folder, 'ours'))).toEqual(readFileSync(path.join(folder, 'real')));
    const described = await both(() => ['backup', 'describe', 'one', '--details', ...flags()]);
    expect(described.ours).toEqual(described.real);
    expect(described.ours.stdout).toMatch(/^ {2}v1\/Namespace:\n {4}- shop$/m);
  });

  it('V-CLI-003 V-CLI-031 is taken with the CA of the client configuration', async () => {
    const home = mkdtempSync(path.join(tmpdir(), 'home-'));
    for (const side of SIDES) {
      const { code } = await velero(cluster, side, ['client', 'config', 'set', `cacert=${caFile()}`], {
        env: { HOME: home },
      });
      expect(code).toBe(0);
      const logs = await velero(cluster, side, ['backup', 'logs', 'one', '-n', NAMESPACE], {
        env: { HOME: home },
      });
      expect(logs.code).toBe(0);
    }
  });

  it('V-CLI-033 another CA does not help', async () => {
    expectSameError(await both(() => ['backup', 'logs', 'one', '--cacert', cluster.caFile]), UNKNOWN);
  });

  it('V-CLI-031 a CA file that is not there', async () => {
    expectSameError(
      await both(() => ['backup', 'logs', 'one', '--cacert', '/does/not/exist']),
      /^An error occurred: couldn't open cacert: open \/does\/not\/exist: no such file or directory\n/,
    );
  });

  it('V-CLI-028 describe says so and goes on', async () => {
    const { real, ours } = await both(() => ['backup', 'describe', 'one', '--details']);
    expect(ours).toEqual(real);
    expect(ours.code).toBe(0);
    expect(ours.stdout).toMatch(
      /^Resource List: +<error getting backup resource list: .*unknown authority>$/m,
    );
  });
});

describe('a store or server that is away', () => {
  it('V-CLI-028 V-CLI-031 V-CLI-032 the store', async () => {
    await cluster.s3.stop();
    try {
      const folder = mkdtempSync(path.join(tmpdir(), 'download-'));
      const result = await both((side) => ['backup', 'download', 'one', '-o', `${folder}/${side}`]);
      expectSameError(
        result,
        /^An error occurred: Get "https:\/\/\S+": dial tcp \S+: connect: connection refused\n/,
      );
      for (const side of SIDES) expect(existsSync(path.join(folder, side))).toBe(false);
      const described = await both(() => ['backup', 'describe', 'one', '--details']);
      expect(described.ours).toEqual(described.real);
      expect(described.ours.code).toBe(0);
    } finally {
      await cluster.s3.start();
    }
  });

  it('V-CLI-030 V-CLI-032 V-CLI-063 V-CLI-066 the server', async () => {
    await server.stop();
    // The original's request rate runs out just before its time does: it speaks of the rate.
    const { ours } = await both(() => ['backup', 'logs', 'one', '--timeout', '2s']);
    expect(ours.code).toBe(1);
    expect(ours.stderr).toMatch(
      /^An error occurred: download request download url timeout, check velero server logs for errors\. backup storage location may not be available\n/,
    );
    const plugins = await both(() => ['plugin', 'get', '--timeout', '1s']);
    expect(plugins.ours).toEqual(plugins.real);
    const versions = await both(() => ['version', '--timeout', '1s']);
    const serverPart = ({ code, stdout }: CommandResult) => ({
      code,
      server: stdout.replace(/^[^]*?Server:/, ''),
    });
    expect(serverPart(versions.ours)).toEqual(serverPart(versions.real));
  });
});
