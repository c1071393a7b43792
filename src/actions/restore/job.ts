import type { RestoreItemAction } from '../../plugin/contract.ts';

type Labels = Record<string, string>;

interface JobSpec {
  selector?: { matchLabels?: Labels };
  template?: { metadata?: { labels?: Labels } };
}

const CONTROLLER_UID_LABELS = ['controller-uid', 'batch.kubernetes.io/controller-uid'];

/** Removes the labels by which a Job's former controller knew its pods: the new one makes its own (job_action.go). */
export function job(): RestoreItemAction {
  return {
    name: 'velero.io/job',
    appliesTo: async () => ({ includedResources: ['jobs'] }),
    async execute({ item }) {
      const spec: JobSpec = { ...(item['spec'] as JobSpec | undefined) };
      if (spec.selector?.matchLabels) {
        spec.selector = { ...spec.selector, matchLabels: withoutControllerUid(spec.selector.matchLabels) };
      }
      const metadata = spec.template?.metadata;
      if (metadata?.labels) {
        spec.template = {
          ...spec.template,
          metadata: { ...metadata, labels: withoutControllerUid(metadata.labels) },
        };
      }
      return { item: { ...item, spec } };
    },
  };
}

function withoutControllerUid(labels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels).filter(([label]) => !CONTROLLER_UID_LABELS.includes(label)),
  );
}
