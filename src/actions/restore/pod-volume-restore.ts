import { labelValue } from '../../api/labels.ts';
import type { PodVolumeBackup } from '../../api/pod-volume-backup.ts';
import { messageOf } from '../../lib/errors.ts';
import { parseQuantity } from '../../lib/quantity.ts';
import type { Logger } from '../../lib/log.ts';
import type { RestoreItemAction } from '../../plugin/contract.ts';
import { volumeBackupsOfPod } from '../../volumes/backups-of-pod.ts';
import { perRestore, type RestoreActionDeps } from './deps.ts';
import { type PluginConfig, pluginConfig } from './plugin-config.ts';
import { type Container, podSpecOf } from './pod-spec.ts';
import { parseSecurityContext } from './security-context.ts';

export const WAIT_CONTAINER = 'restore-wait';
/** The name before 1.10; pods restored in those days were backed up with it. */
const LEGACY_WAIT_CONTAINER = 'restic-wait';

const DEFAULT_CPU = '100m';
const DEFAULT_MEMORY = '128Mi';

/**
 * Puts an init container before all others that holds a pod back until its volumes are restored
 * (pod_volume_restore_action.go). Throws where volume backups or the configuration cannot be read.
 */
export function podVolumeRestore(deps: RestoreActionDeps): RestoreItemAction {
  const name = 'velero.io/pod-volume-restore';
  const configOf = pluginConfig(deps, name);
  const backupsOf = perRestore(async (restore): Promise<PodVolumeBackup[]> => {
    const resource = deps.kube.discovery.find('velero.io', 'podvolumebackups', 'v1');
    if (!resource) return [];
    return await deps.kube.list<PodVolumeBackup>(resource, {
      namespace: deps.namespace,
      labelSelector: `velero.io/backup-name=${labelValue(restore.spec?.backupName ?? '')}`,
    });
  });
  return {
    name,
    appliesTo: async () => ({ includedResources: ['pods'] }),
    async execute({ item, itemFromBackup, restore }, { log }) {
      const backups = volumeBackupsOfPod(
        await backupsOf(restore),
        item,
        itemFromBackup.metadata.namespace ?? '',
      );
      if (backups.size === 0) return { item };
      const config = (await configOf(restore)) ?? {};
      const { securityContext, error } = parseSecurityContext(config);
      if (error !== undefined) {
        log.error(
          `Using default securityContext values, couldn't parse securityContext requirements: ${error}.`,
        );
      }
      const wait: Container = {
        name: WAIT_CONTAINER,
        image: helperImage(config, deps.image),
        command: [config['command'] || '/velero-restore-helper'],
        args: [restore.metadata.uid ?? ''],
        env: [fieldEnv('POD_NAMESPACE', 'metadata.namespace'), fieldEnv('POD_NAME', 'metadata.name')],
        resources: resourcesOf(config, log),
        volumeMounts: [...backups.keys()].map((volume) => ({
          name: volume,
          mountPath: `/restores/${volume}`,
        })),
        securityContext,
      };
      const spec = podSpecOf(item);
      const before = spec.initContainers ?? [];
      const first = before[0]?.name;
      const others = first === WAIT_CONTAINER || first === LEGACY_WAIT_CONTAINER ? before.slice(1) : before;
      return { item: { ...item, spec: { ...spec, initContainers: [wait, ...others] } } };
    },
  };
}

function fieldEnv(name: string, fieldPath: string): unknown {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** An image without a registry is not believed; one without a tag gets the server's. */
function helperImage(config: PluginConfig, server: { registry: string; tag: string }): string {
  const image = config['image'] ?? '';
  const slash = image.lastIndexOf('/');
  if (slash < 0) return `${server.registry}/velero-restore-helper:${server.tag}`;
  return image.slice(slash + 1).includes(':') ? image : `${image}:${server.tag}`;
}

function resourcesOf(config: PluginConfig, log: Logger): unknown {
  const wanted = {
    requests: { cpu: config['cpuRequest'] || DEFAULT_CPU, memory: config['memRequest'] || DEFAULT_MEMORY },
    limits: { cpu: config['cpuLimit'] || DEFAULT_CPU, memory: config['memLimit'] || DEFAULT_MEMORY },
  };
  try {
    checkResource('CPU', wanted.requests.cpu, wanted.limits.cpu);
    checkResource('Memory', wanted.requests.memory, wanted.limits.memory);
  } catch (error) {
    log.error(`Using default resource values, couldn't parse resource requirements: ${messageOf(error)}.`);
    const amounts = { cpu: DEFAULT_CPU, memory: DEFAULT_MEMORY };
    return { requests: amounts, limits: amounts };
  }
  return { requests: bounded(wanted.requests), limits: bounded(wanted.limits) };
}

/** @throws Error where a quantity cannot be read, or the request is above its limit */
function checkResource(what: string, request: string, limit: string): void {
  const asked = parseQuantity(request);
  const allowed = parseQuantity(limit);
  if (asked === undefined) throw new Error(`couldn't parse ${what} request "${request}"`);
  if (allowed === undefined) throw new Error(`couldn't parse ${what} limit "${limit}"`);
  if (allowed !== 0n && asked > allowed) {
    throw new Error(`${what} request "${request}" must be less than or equal to ${what} limit "${limit}"`);
  }
}

/** A quantity of zero means no bound and is left out. */
function bounded(amounts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).filter(([, amount]) => parseQuantity(amount) !== 0n));
}
