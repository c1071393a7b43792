/** The application that the demo loses and gets back: a web server with what such an application has around it. */

const CONFIG = 'Welcome to the shop.\n';

/** The manifests, in the order in which they are applied. */
export function demoApplication(namespace: string, image: string): Record<string, unknown>[] {
  const labels = { app: 'shop' };
  const meta = (name: string, extra: Record<string, unknown> = {}) => ({ name, namespace, labels, ...extra });
  return [
    {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'discounts.demo.example.com' },
      spec: {
        group: 'demo.example.com',
        scope: 'Namespaced',
        names: { plural: 'discounts', singular: 'discount', kind: 'Discount' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: {
                  spec: {
                    type: 'object',
                    properties: { percent: { type: 'integer' } },
                    required: ['percent'],
                  },
                },
              },
            },
          },
        ],
      },
    },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { team: 'sales' } } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta('shop') },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('pages'), data: { 'index.html': CONFIG } },
    { apiVersion: 'v1', kind: 'Secret', metadata: meta('till'), stringData: { pin: '0000' } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: meta('reader'),
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: meta('reader'),
      subjects: [{ kind: 'ServiceAccount', name: 'shop', namespace }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: meta('web'),
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: 'shop',
            terminationGracePeriodSeconds: 1,
            containers: [
              {
                name: 'httpd',
                image,
                imagePullPolicy: 'IfNotPresent',
                command: ['httpd', '-f', '-p', '8080', '-h', '/pages'],
                ports: [{ name: 'http', containerPort: 8080 }],
                readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
                volumeMounts: [{ name: 'pages', mountPath: '/pages' }],
              },
            ],
            volumes: [{ name: 'pages', configMap: { name: 'pages' } }],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('web'),
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: meta('web'),
      spec: {
        rules: [
          {
            host: 'shop.example.com',
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: 'web', port: { name: 'http' } } },
                },
              ],
            },
          },
        ],
      },
    },
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: meta('report'),
      spec: {
        schedule: '0 3 * * *',
        jobTemplate: {
          spec: {
            template: {
              spec: { restartPolicy: 'Never', containers: [{ name: 'report', image, command: ['date'] }] },
            },
          },
        },
      },
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: meta('web'),
      spec: { minAvailable: 1, selector: { matchLabels: labels } },
    },
    { apiVersion: 'demo.example.com/v1', kind: 'Discount', metadata: meta('summer'), spec: { percent: 20 } },
  ];
}

/** What the web server answers at `/`. */
export const demoPage = CONFIG;
