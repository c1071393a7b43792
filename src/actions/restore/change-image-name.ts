import type { KubeObject } from '../../api/object.ts';
import type { RestoreItemAction } from '../../plugin/contract.ts';
import type { RestoreActionDeps } from './deps.ts';
import { pluginConfig } from './plugin-config.ts';
import type { Container, PodSpec } from './pod-spec.ts';

interface Rule {
  from: string;
  to: string;
}

/**
 * Replaces parts of image names by rules `<old part>,<new part>` in a ConfigMap (change_image_name_action.go). The
 * first rule that fits an image is the only one applied; ours takes them by key, where the original's order is random.
 */
export function changeImageName(deps: RestoreActionDeps): RestoreItemAction {
  const name = 'velero.io/change-image-name';
  const config = pluginConfig(deps, name);
  return {
    name,
    appliesTo: async () => ({
      includedResources: [
        'deployments',
        'statefulsets',
        'daemonsets',
        'replicasets',
        'replicationcontrollers',
        'jobs',
        'cronjobs',
        'pods',
      ],
    }),
    async execute({ item, restore }) {
      const rules = rulesOf((await config(restore)) ?? {});
      if (rules.length === 0) return { item };
      return { item: inPodSpec(item, pathTo(item.kind), (spec) => withImages(spec, rules)) };
    },
  };
}

function rulesOf(config: Readonly<Record<string, string>>): Rule[] {
  return Object.keys(config)
    .sort()
    .flatMap((key) => {
      const row = config[key] as string;
      const comma = row.indexOf(',');
      if (comma < 0 || comma === row.length - 1) return [];
      return [{ from: row.slice(0, comma).trim(), to: row.slice(comma + 1).trim() }];
    });
}

function pathTo(kind: string): readonly string[] {
  if (kind === 'Pod') return ['spec'];
  if (kind === 'CronJob') return ['spec', 'jobTemplate', 'spec', 'template', 'spec'];
  return ['spec', 'template', 'spec'];
}

/** The object with the pod spec below `path` replaced; unchanged where the path leads nowhere. */
function inPodSpec<T extends KubeObject>(
  object: T,
  path: readonly string[],
  change: (spec: PodSpec) => PodSpec,
): T {
  const [field, ...rest] = path;
  if (field === undefined) return change(object) as unknown as T;
  const inner = object[field];
  if (typeof inner !== 'object' || inner === null) return object;
  return { ...object, [field]: inPodSpec(inner as KubeObject, rest, change) };
}

function withImages(spec: PodSpec, rules: readonly Rule[]): PodSpec {
  const replaced = (container: Container): Container => {
    const image = container.image ?? '';
    const rule = image === '' ? undefined : rules.find(({ from }) => image.includes(from));
    return rule ? { ...container, image: image.replaceAll(rule.from, rule.to) } : container;
  };
  return {
    ...spec,
    ...(spec.containers ? { containers: spec.containers.map(replaced) } : {}),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(replaced) } : {}),
  };
}
