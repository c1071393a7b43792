/** `install` (pkg/cmd/cli/install/install.go). */

import { wrap } from '../../lib/errors.ts';
import { toGoYaml } from '../../lib/go-yaml.ts';
import { type Command, defineCommand } from '../command.ts';
import { checkOutput } from '../output.ts';
import type { Session } from '../session.ts';
import { checkInstall, installFlags, type InstallValues } from './flags.ts';

export function installCommand(): Command {
  return defineCommand({
    use: 'install',
    short: 'Install Velero',
    long: `Installs the server into a cluster: the custom resource definitions, the namespace, its rights, the
storage locations, the Deployment of the server and, with --use-node-agent, the DaemonSet of the
node agent.

The credentials of --secret-file go into a Secret named 'cloud-credentials'. Everything lives in
the namespace 'velero', or in the one that --namespace names.

With --dry-run and '-o yaml' or '-o json' the resources are printed and not sent to the cluster;
that is where an installation of one's own begins.`,
    example: `  # With Amazon S3 or what speaks like it
  velero install --provider aws --plugins velero/velero-plugin-for-aws:v1.10.0 --bucket backups --secret-file ./aws-iam-creds --backup-location-config region=us-east-2 --snapshot-location-config region=us-east-2

  # The same with the node agent
  velero install --provider aws --plugins velero/velero-plugin-for-aws:v1.10.0 --bucket backups --secret-file ./aws-iam-creds --backup-location-config region=us-east-2 --use-node-agent --use-volume-snapshots=false

  # Only the custom resource definitions, as YAML
  velero install --crds-only --dry-run -o yaml`,
    flags: installFlags,
    async run({ flags, session }) {
      checkOutput(flags, 'install');
      checkInstall(flags);
      const { allResources, crdResources } = await import('./resources.ts');
      const resources = flags['crds-only'] ? crdResources() : await allResources(session, flags);
      if (flags.output !== '') await printResources(session, flags.output, resources);
      if (flags['dry-run']) return;
      await install(session, flags, resources);
    },
  });
}

type Resources = Awaited<ReturnType<typeof import('./resources.ts')['allResources']>>;

async function printResources(session: Session, format: string, resources: Resources): Promise<void> {
  const items = resources.map(({ metadata, ...rest }) => ({
    ...rest,
    metadata: { creationTimestamp: null, ...metadata },
  }));
  const list = sorted({ apiVersion: 'v1', items, kind: 'List' });
  await session.print(format === 'json' ? JSON.stringify(list, null, 2) : toGoYaml(list));
}

/** The resources are maps in the original, and Go writes maps in the order of their keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

async function install(session: Session, flags: InstallValues, resources: Resources): Promise<void> {
  const { applyResources, waitForDaemonSet, waitForDeployment } = await import('./apply.ts');
  const { namespace } = session;
  try {
    await applyResources(session, resources);
    if (flags.wait) {
      await session.print('Waiting for Velero deployment to be ready.');
      await waitForDeployment(session);
      if (flags['use-node-agent']) {
        await session.print('Waiting for node-agent daemonset to be ready.');
        await waitForDaemonSet(session);
      }
    }
  } catch (error) {
    throw wrap(
      error,
      `\n\nError installing Velero. Use \`kubectl logs deploy/velero -n ${namespace}\` to check the deploy logs`,
    );
  }
  if (flags['secret-file'] === '')
    await session.print('\nNo secret file was specified, no Secret created.\n');
  if (flags['no-default-backup-location']) {
    await session.print(
      '\nNo bucket and provider were specified, no default backup storage location created.\n',
    );
  }
  await session.print(
    `Velero is installed! ⛵ Use 'kubectl logs deployment/velero -n ${namespace}' to view the status.`,
  );
}
