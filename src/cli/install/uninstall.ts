/** `uninstall` (pkg/cmd/cli/uninstall/uninstall.go). */

import { FINALIZERS } from '../../api/labels.ts';
import { type KindName, KINDS } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { KubeClient } from '../../kube/contract.ts';
import { isNotFound } from '../../kube/errors.ts';
import { boolFlag } from '../../lib/flag-values.ts';
import { goQuote } from '../../lib/go-text.ts';
import { type Command, defineCommand } from '../command.ts';
import { Errors } from '../mutate.ts';
import { confirm } from '../select.ts';
import type { Session } from '../session.ts';
import { find, resourceOf } from './apply.ts';
import { clusterRoleBindingName } from './pods.ts';

/** Kinds whose objects the server has to let go of before it is taken away. */
const HELD: readonly [KindName, string][] = [
  ['Restore', FINALIZERS.restoreExternalResources],
  ['DataUpload', FINALIZERS.dataUploadDownload],
  ['DataDownload', FINALIZERS.dataUploadDownload],
];

const GRACE_MS = 60_000;
const NAMESPACE_DEADLINE_MS = 600_000;
const POLL_MS = 500;

export function uninstallCommand(): Command {
  return defineCommand({
    use: 'uninstall',
    short: 'Uninstall Velero',
    long: `Takes the server out of a cluster, with its namespace, its custom resource definitions and its
cluster role binding. What is in object storage stays.

--namespace names the namespace where it is installed (default: velero), --force asks no question.`,
    example: ' # velero uninstall --namespace staging',
    flags: {
      wait: boolFlag('Wait for Velero uninstall to be ready. Optional. Deprecated.'),
      force: boolFlag('Forces the Velero uninstall. Optional.'),
    },
    async run({ flags, session }) {
      if (flags.wait) {
        await session.print(
          'Warning: the "--wait" option is deprecated and will be removed in a future release. The uninstall command always waits for the uninstall to complete.',
        );
      }
      if (!flags.force) {
        await session.print('You are about to uninstall Velero.');
        if (!(await confirm(session))) return;
      }
      await uninstall(session, await session.kube());
    },
  });
}

async function uninstall(session: Session, kube: KubeClient): Promise<void> {
  // CRDs that go before the namespace is gone would leave it stuck, so a failure here ends it.
  await deleteNamespace(session, kube);
  const errors = new Errors();
  await errors.collect(async () => {
    const name = clusterRoleBindingName(session.namespace);
    const binding = await find(kube, 'ClusterRoleBinding', name);
    if (binding) await kube.delete(resourceOf('ClusterRoleBinding'), name);
    else await session.print(`Velero ClusterRoleBinding ${goQuote(name)} does not exist, skipping.`);
  });
  await errors.collect(async () => {
    const crds = resourceOf('CustomResourceDefinition');
    await kube.deleteCollection(crds, { labelSelector: 'component=velero' });
  });
  if (errors.messages.length > 0) {
    await session.print(
      `Errors while attempting to uninstall Velero: ${goQuote(errors.messages.join(', '))} `,
    );
    errors.throwIfAny();
  }
  await session.print('Velero uninstalled ⛵');
}

async function deleteNamespace(session: Session, kube: KubeClient): Promise<void> {
  const { namespace, terminal } = session;
  if (!(await find(kube, 'Namespace', namespace))) {
    await session.print(`Velero namespace ${goQuote(namespace)} does not exist, skipping.`);
    return;
  }
  await session.print('Waiting for resource with attached finalizer to be deleted');
  await deleteHeld(session, kube);
  await kube.delete(resourceOf('Namespace'), namespace);
  await session.print(`\nWaiting for velero namespace ${goQuote(namespace)} to be deleted`);
  const deadline = terminal.clock.now() + NAMESPACE_DEADLINE_MS;
  while (await find(kube, 'Namespace', namespace)) {
    if (terminal.clock.now() > deadline) {
      throw new Error(
        `namespace ${namespace} is still being deleted after ${NAMESPACE_DEADLINE_MS / 60_000} minutes; "kubectl get namespace ${namespace} -o yaml" tells what it waits for`,
      );
    }
    await terminal.write('.');
    await terminal.clock.sleep(POLL_MS);
  }
  await session.print(`\nVelero namespace ${goQuote(namespace)} deleted`);
}

/** Deletes objects that have finalizers while their server lives, and takes the finalizers off where it does not. */
async function deleteHeld(session: Session, kube: KubeClient): Promise<void> {
  const { namespace, terminal } = session;
  for (const object of (await heldObjects(kube, namespace)).flatMap(({ objects }) => objects)) {
    await kube
      .delete(KINDS[object.kind as KindName], object.metadata.name as string, namespace)
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
  }
  const deadline = terminal.clock.now() + GRACE_MS;
  while ((await heldObjects(kube, namespace)).some(({ objects }) => objects.length > 0)) {
    if (terminal.clock.now() > deadline) {
      await release(session, kube);
      return;
    }
    await terminal.write('.');
    await terminal.clock.sleep(1000);
  }
}

interface Held {
  kind: KindName;
  finalizer: string;
  objects: KubeObject[];
}

async function heldObjects(kube: KubeClient, namespace: string): Promise<Held[]> {
  const held: Held[] = [];
  for (const [kind, finalizer] of HELD) {
    try {
      const objects = await kube.list(KINDS[kind], { namespace });
      held.push({ kind, finalizer, objects: objects.map((object) => ({ ...object, kind })) });
    } catch (error) {
      // An installation without this kind has nothing of it to let go.
      if (!isNotFound(error)) throw error;
    }
  }
  return held;
}

/** The server would put finalizers on again, so it goes first. */
async function release(session: Session, kube: KubeClient): Promise<void> {
  const { namespace, terminal } = session;
  const deployments = resourceOf('Deployment');
  await kube.delete(deployments, 'velero', namespace).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
  while (await find(kube, 'Deployment', 'velero', namespace)) await terminal.clock.sleep(POLL_MS);
  for (const { kind, finalizer, objects } of await heldObjects(kube, namespace)) {
    for (const { metadata } of objects) {
      const finalizers = (metadata.finalizers ?? []).filter((name) => name !== finalizer);
      const patch = { metadata: { finalizers, resourceVersion: metadata.resourceVersion } };
      await kube.patch(KINDS[kind], metadata.name as string, namespace, 'merge', patch);
    }
  }
}
