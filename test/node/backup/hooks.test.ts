import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { BackupSpec } from '../../../src/api/backup.ts';
import type { KubeClient } from '../../../src/kube/index.ts';
import { aBackup, backUp, connect, listed, type RunResult, textOf } from '../../cluster/backup/support.ts';
import { Api } from '../../support/api.ts';

let cluster: Cluster;
let api: Api;
let kube: KubeClient;

const NAMESPACE = 'hooks';
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

async function createPod(
  name: string,
  annotations: Record<string, string>,
  command?: string[],
): Promise<void> {
  const image = cluster.node?.testImage ?? '';
  const container = (containerName: string) => ({
    name: containerName,
    image,
    imagePullPolicy: 'Never',
    ...(command === undefined ? {} : { command }),
  });
  await api.create(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name }, annotations },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [container('first'), container('second')],
    },
  });
}

beforeAll(async () => {
  cluster = await startCluster({ node: true });
  api = new Api(cluster);
  await api.create('/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
  });
  await api.until(
    () => api.list(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`),
    (accounts) => accounts.length > 0,
    'the default account',
  );
  await createPod('plain', {});
  await createPod('annotated', {
    'pre.hook.backup.velero.io/command': '["sh","-c","echo pre; echo pre >> /tmp/order"]',
    'post.hook.backup.velero.io/command': '["sh","-c","cat /tmp/order; echo done >&2"]',
    'post.hook.backup.velero.io/timeout': 'soon',
  });
  await createPod('legacy', {
    'hook.backup.velero.io/command': '/bin/date',
    'hook.backup.velero.io/container': 'second',
  });
  await createPod('failing', {
    'pre.hook.backup.velero.io/command': '["sh","-c","echo why; exit 3"]',
    'pre.hook.backup.velero.io/on-error': 'Fail',
  });
  await createPod('continuing', {
    'pre.hook.backup.velero.io/command': '["sh","-c","exit 4"]',
    'pre.hook.backup.velero.io/on-error': 'Continue',
  });
  await createPod('unset', { 'pre.hook.backup.velero.io/command': '["false"]' });
  await createPod('slow', {
    'pre.hook.backup.velero.io/command': '["sleep","30"]',
    'pre.hook.backup.velero.io/timeout': '1s',
    'pre.hook.backup.velero.io/on-error': 'Fail',
  });
  await createPod('nowhere', {
    'pre.hook.backup.velero.io/command': '["true"]',
    'pre.hook.backup.velero.io/container': 'third',
    'pre.hook.backup.velero.io/on-error': 'Fail',
  });
  await createPod('ended', { 'pre.hook.backup.velero.io/command': '["false"]' }, ['true']);
  await api.until(
    () => api.list(PODS),
    (pods) =>
      pods.every((pod) => {
        const phase = (pod['status'] as { phase?: string }).phase;
        return phase === (pod.metadata.name === 'ended' ? 'Succeeded' : 'Running');
      }),
    'pods to run',
    120,
  );
  kube = await connect(cluster);
});

afterAll(async () => {
  await kube?.close();
  await api?.close();
  await cluster?.stop();
});

function run(pod: string, hooks: BackupSpec['hooks'] = {}): Promise<RunResult> {
  const labelSelector = { matchLabels: { app: pod } };
  return backUp(kube, {
    ...aBackup('hooks', {}).spec,
    includedNamespaces: [NAMESPACE],
    labelSelector,
    hooks,
  });
}

const fileOf = (pod: string) => `resources/pods/namespaces/${NAMESPACE}/${pod}.json`;
const messages = (result: RunResult) => result.entries.map(({ message }) => message);

it('V-BKP-110 V-BKP-111 V-BKP-113 V-BKP-114 V-BKP-118 runs the hooks of annotations before and after', async () => {
  const result = await run('annotated', {
    resources: [
      { name: 'ignored', pre: [{ exec: { command: ['false'] } }], post: [{ exec: { command: ['false'] } }] },
    ],
  });
  expect(result.errors).toEqual([]);
  const output = messages(result).filter((message) => message.startsWith('std'));
  expect(output).toEqual(['stdout: pre\n', 'stderr: ', 'stdout: pre\n', 'stderr: done\n']);
  expect(result.outcome.hookStatus).toEqual({ hooksAttempted: 2, hooksFailed: 0 });
  expect(result.warnings.map(({ message }) => message)).toEqual([
    'Unable to parse provided timeout soon, using default: time: invalid duration "soon"',
  ]);
  const running = result.entries.filter(({ message }) => message === 'running exec hook');
  expect(running.map(({ fields }) => fields)).toMatchObject([
    {
      hookSource: 'annotation',
      hookType: 'exec',
      hookPhase: 'pre',
      hookName: '<from-annotation>',
      hookContainer: 'first',
      hookOnError: 'Fail',
      hookTimeout: '{30s}',
    },
    { hookPhase: 'post' },
  ]);
  expect(result.files.has(fileOf('annotated'))).toBe(true);
});

it('V-BKP-111 V-BKP-112 takes the keys without a phase for pre hooks, in the container that is named', async () => {
  const result = await run('legacy');
  expect(result.errors).toEqual([]);
  const running = result.entries.find(({ message }) => message === 'running exec hook');
  expect(running?.fields).toMatchObject({
    hookPhase: 'pre',
    hookContainer: 'second',
    hookCommand: '[/bin/date]',
  });
  expect(result.outcome.hookStatus).toEqual({ hooksAttempted: 1, hooksFailed: 0 });
});

it('V-BKP-062 V-BKP-115 a failing pre hook with Fail stops its pod', async () => {
  const result = await run('failing');
  expect(result.errors.map(textOf)).toEqual([
    'Error executing hook: command terminated with exit code 3',
    'Error backing up item: command terminated with exit code 3',
  ]);
  expect(messages(result)).toContain('stdout: why\n');
  expect(result.files.has(fileOf('failing'))).toBe(false);
  expect(listed(result, 'v1/Pod')).toEqual([`${NAMESPACE}/failing`]);
  expect(result.outcome.hookStatus).toEqual({ hooksAttempted: 1, hooksFailed: 1 });
});

it.each(['continuing', 'unset'])(
  'V-BKP-115 a failing hook of pod %s is an error and the pod is stored',
  async (pod) => {
    const result = await run(pod);
    expect(result.errors.map(({ message }) => message)).toEqual(['Error executing hook']);
    expect(result.files.has(fileOf(pod))).toBe(true);
    expect(result.outcome.hookStatus).toEqual({ hooksAttempted: 1, hooksFailed: 1 });
  },
);

it('V-BKP-114 ends a hook that takes too long', async () => {
  const started = performance.now();
  const result = await run('slow');
  expect(performance.now() - started).toBeLessThan(15_000);
  expect(result.errors.map(textOf)).toContain('Error executing hook: timed out after 1s');
});

it('V-BKP-113 says that a container does not exist', async () => {
  const result = await run('nowhere');
  expect(result.errors.map(textOf)).toContain('Error executing hook: no such container: "third"');
});

it('V-BKP-116 leaves pods alone that have ended', async () => {
  const result = await run('ended');
  expect(result.errors).toEqual([]);
  expect(messages(result)).toContain('Pod entered phase Succeeded before some post-backup exec hooks ran');
  expect(result.files.has(fileOf('ended'))).toBe(true);
});

it('V-BKP-110 V-BKP-117 V-BKP-118 runs the hooks of the spec whose selectors fit, in order', async () => {
  const write = (text: string) => ({
    exec: { command: ['sh', '-c', `echo ${text} >> /tmp/spec; cat /tmp/spec`] },
  });
  const result = await run('plain', {
    resources: [
      { name: 'one', includedResources: ['po'], pre: [write('1'), write('2')], post: [write('4')] },
      {
        name: 'two',
        includedNamespaces: [NAMESPACE],
        pre: [{ exec: { ...write('3').exec, container: 'first' } }],
      },
      { name: 'other-namespace', includedNamespaces: ['elsewhere'], pre: [write('x')] },
      { name: 'other-type', excludedResources: ['pods'], pre: [write('x')] },
      { name: 'other-label', labelSelector: { matchLabels: { app: 'x' } }, pre: [write('x')] },
    ],
  });
  expect(result.errors).toEqual([]);
  const output = messages(result).filter((message) => message.startsWith('stdout'));
  expect(output.at(-1)).toBe('stdout: 1\n2\n3\n4\n');
  // Two commands of one set in one container count once.
  expect(result.outcome.hookStatus).toEqual({ hooksAttempted: 3, hooksFailed: 0 });
});

it('V-BKP-115 V-BKP-118 after a hook with Fail the others of the phase count as attempted but do not run', async () => {
  const result = await run('plain', {
    resources: [
      { name: 'one', pre: [{ exec: { command: ['false'], onError: 'Fail' } }] },
      {
        name: 'two',
        pre: [{ exec: { command: ['sh', '-c', 'echo never'] } }],
        post: [{ exec: { command: ['true'] } }],
      },
    ],
  });
  expect(messages(result)).not.toContain('stdout: never\n');
  expect(result.outcome.hookStatus).toEqual({ hooksAttempted: 2, hooksFailed: 1 });
  expect(result.files.has(fileOf('plain'))).toBe(false);
});

it('V-BKP-063 a post hook with Fail keeps its pod out of the backup, and so do actions that fail before it', async () => {
  const post = {
    name: 'p',
    post: [{ exec: { command: ['sh', '-c', 'echo post; exit 1'], onError: 'Fail' as const } }],
  };
  const result = await run('plain', { resources: [post] });
  expect(result.files.has(fileOf('plain'))).toBe(false);
  expect(result.errors.map(({ message }) => message)).toEqual([
    'Error executing hook',
    'Error backing up item',
  ]);
  const failing = await backUp(
    kube,
    {
      includedNamespaces: [NAMESPACE],
      labelSelector: { matchLabels: { app: 'plain' } },
      hooks: { resources: [post] },
    },
    {
      onlyActions: true,
      actions: [
        {
          name: 'example.com/fails',
          appliesTo: () => Promise.resolve({ includedResources: ['pods'] }),
          execute: () => Promise.reject(new Error('action')),
        },
      ],
    },
  );
  expect(messages(failing)).toContain('stdout: post\n');
  expect(failing.errors.filter(({ message }) => message === 'Error backing up item')).toHaveLength(2);
});
