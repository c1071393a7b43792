/** A validating webhook that denies ConfigMaps called `bad` in one namespace. */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Cluster } from '../../dev/cluster/index.ts';
import type { Api } from './api.ts';

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

/**
 * Starts the webhook `guard.example.com` and makes the API server ask it; returns when it does.
 * Disposing of it removes both.
 */
export async function startDenyingWebhook(
  cluster: Cluster,
  api: Api,
  namespace: string,
): Promise<AsyncDisposable> {
  let calls = 0;
  const server = createServer(
    {
      cert: readFileSync(`${cluster.folder}/certs/apiserver.crt`),
      key: readFileSync(`${cluster.folder}/certs/apiserver.key`),
    },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        calls++;
        const review = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
          request: { uid: string; name: string };
        };
        const { uid, name } = review.request;
        const allowed = name !== 'bad';
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({
            apiVersion: 'admission.k8s.io/v1',
            kind: 'AdmissionReview',
            response: { uid, allowed, ...(allowed ? {} : { status: { message: `${name} is not welcome` } }) },
          }),
        );
      });
    },
  );
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await api.create(CONFIGURATIONS, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'guard' },
    webhooks: [
      {
        name: 'guard.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        clientConfig: {
          url: `https://127.0.0.1:${port}/validate`,
          caBundle: readFileSync(cluster.caFile).toString('base64'),
        },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
    ],
  });
  const probe = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'probe' } };
  await api.until(
    async () => {
      await api.create(`/api/v1/namespaces/${namespace}/configmaps?dryRun=All`, probe);
      return calls;
    },
    (count) => count > 0,
    'the webhook to be asked',
  );
  return {
    [Symbol.asyncDispose]: async () => {
      await api.delete(`${CONFIGURATIONS}/guard`);
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
