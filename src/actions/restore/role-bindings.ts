import type { RestoreItemAction } from '../../plugin/contract.ts';

interface Subject {
  namespace?: string;
  [field: string]: unknown;
}

/** Follows a namespace mapping in the subjects of RoleBindings (rolebinding_action.go). */
export function roleBindings(): RestoreItemAction {
  return subjectsFollowMapping('velero.io/role-bindings', 'rolebindings');
}

/** Follows a namespace mapping in the subjects of ClusterRoleBindings (clusterrolebinding_action.go). */
export function clusterRoleBindings(): RestoreItemAction {
  return subjectsFollowMapping('velero.io/cluster-role-bindings', 'clusterrolebindings');
}

function subjectsFollowMapping(name: string, resource: string): RestoreItemAction {
  return {
    name,
    appliesTo: async () => ({ includedResources: [resource] }),
    async execute({ item, restore }) {
      const mapping = restore.spec?.namespaceMapping ?? {};
      const subjects = item['subjects'] as Subject[] | undefined;
      if (!subjects || Object.keys(mapping).length === 0) return { item };
      return {
        item: {
          ...item,
          subjects: subjects.map((subject) => {
            const target = Object.hasOwn(mapping, subject.namespace ?? '')
              ? mapping[subject.namespace ?? '']
              : undefined;
            return target === undefined ? subject : { ...subject, namespace: target };
          }),
        },
      };
    },
  };
}
