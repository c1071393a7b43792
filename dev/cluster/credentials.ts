import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterSpec, User } from './protocol.ts';
import type { Slot } from './slots.ts';

/** The name of the only node of a cluster. */
export const nodeName = 'node-1';

/** A secret that is made for one cluster and dies with it. */
export function newSecret(): string {
  return randomBytes(20).toString('hex');
}

/** Makes the authorities, certificates and keys of a cluster in `folder`. */
export function makeCertificates(certs: string, folder: string, slot: Slot): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { hostAddress, serviceAddress } = slot.network;
  const onThisMachine = ['localhost', '127.0.0.1', hostAddress];
  const requests = [
    { name: 'ca', commonName: 'oadp-dev' },
    {
      name: 'apiserver',
      signer: 'ca',
      commonName: 'kube-apiserver',
      hosts: [
        ...onThisMachine,
        serviceAddress,
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        'kubernetes.default.svc.cluster.local',
      ],
    },
    { name: 'kubelet-client', signer: 'ca', commonName: 'kube-apiserver', organizations: ['system:masters'] },
    { name: 'front-proxy-ca', commonName: 'oadp-dev-front-proxy' },
    { name: 'front-proxy-client', signer: 'front-proxy-ca', commonName: 'front-proxy-client' },
    { name: 'service-account', keyOnly: true },
    { name: 's3-ca', commonName: 'oadp-dev-s3' },
    { name: 's3', signer: 's3-ca', commonName: 's3', hosts: onThisMachine },
    { name: 'other-ca', commonName: 'oadp-dev-other' },
  ];
  execFileSync(certs, [folder], { input: JSON.stringify(requests) });
}

/** The users of a cluster: its administrator, its own programs, and those that were asked for. */
export function makeUsers(spec: ClusterSpec): Record<string, User> {
  const wanted = [
    { name: 'admin', groups: ['system:masters'] },
    { name: 'system:kube-controller-manager', groups: [] },
    { name: 'system:kube-scheduler', groups: [] },
    { name: `system:node:${nodeName}`, groups: ['system:nodes'] },
    ...spec.users,
  ];
  return Object.fromEntries(wanted.map((user) => [user.name, { ...user, token: newSecret() }]));
}

/** Writes the API server's list of static tokens. */
export function writeTokenFile(file: string, users: Readonly<Record<string, User>>): void {
  const lines = Object.values(users).map(
    ({ token, name, groups }) => `${token},${name},${name},"${groups.join(',')}"\n`,
  );
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}

/** Writes a kubeconfig for one user. JSON is YAML too, and needs no library. */
export function writeKubeconfig(file: string, server: string, caFile: string, user: User): void {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'oadp-dev', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: user.name, user: { token: user.token } }],
    contexts: [{ name: 'oadp-dev', context: { cluster: 'oadp-dev', user: user.name, namespace: 'default' } }],
    'current-context': 'oadp-dev',
  };
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}

/** The file name for a user's kubeconfig. */
export function kubeconfigPath(folder: string, userName: string): string {
  return join(folder, `${userName.replaceAll(/[^\w.-]/g, '_')}.kubeconfig`);
}
