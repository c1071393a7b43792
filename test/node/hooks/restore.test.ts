import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiObject } from '../../support/api.ts';
import type { Side } from '../../support/velero.ts';
import { HookPair, type Outcome, type PodOptions, SIDES } from './pair.ts';

/** Restored pods and their hooks on a node: what the real Velero and ours make of the same backup. */

const SOURCE = 'source';
const BACKUP = 'all';

let pair: HookPair;

const sh = (script: string) => ['sh', '-c', script];
const exec = (key: string) => `post.hook.restore.velero.io/${key}`;
const init = (key: string) => `init.hook.restore.velero.io/${key}`;
const probe = (script: string) => ({
  readinessProbe: { exec: { command: sh(script) }, periodSeconds: 1 },
});
const restored = (script: string): Pick<PodOptions, 'command' | 'spec'> => ({
  // Does in the restored pod, whose namespace is another one, what it must not yet do when it is backed up.
  command: sh(`[ "$(cat /etc/where/namespace)" = ${SOURCE} ] || { ${script}; }; sleep 3600`),
  spec: {
    volumes: [
      {
        name: 'where',
        downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] },
      },
    ],
  },
});
const where = { volumeMounts: [{ name: 'where', mountPath: '/etc/where' }] };

const pods: Record<string, () => PodOptions> = {
  none: () => ({}),
  annotated: () => ({
    annotations: {
      [exec('command')]: JSON.stringify(sh('echo restored > /tmp/hook; cat /tmp/hook')),
      [exec('container')]: 'second',
      [exec('exec-timeout')]: '9s',
      [exec('wait-timeout')]: '2m',
      [exec('on-error')]: 'Fail',
    },
  }),
  nonsense: () => ({
    annotations: {
      [exec('command')]: '/bin/whoami',
      [exec('exec-timeout')]: 'soon',
      [exec('wait-timeout')]: 'later',
      [exec('wait-for-ready')]: 'perhaps',
      [exec('on-error')]: 'Perhaps',
    },
  }),
  failing: () => ({
    annotations: { [exec('command')]: JSON.stringify(sh('echo why; exit 3')), [exec('on-error')]: 'Fail' },
  }),
  ready: () => ({
    ...restored('sleep 3; touch /tmp/ready'),
    first: { ...where, ...probe('test -f /tmp/ready') },
  }),
  ends: () => ({
    ...restored('sleep 4; exit 0'),
    first: { ...where, ...probe('test -f /tmp/never') },
  }),
  missing: () => ({ first: probe('test -f /tmp/never') }),
  other: () => ({}),
  'init-annotated': () => ({
    annotations: {
      [init('container-image')]: image(),
      [init('container-name')]: 'added',
      [init('command')]: JSON.stringify(sh('echo "by annotation"')),
    },
    ...shared,
  }),
  'init-spec': () => ({ ...shared, spec: { ...shared.spec, initContainers: [initContainer('own')] } }),
};

const image = () => pair.cluster.node?.testImage ?? '';
const shared = {
  first: { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] },
  spec: { volumes: [{ name: 'shared', emptyDir: {} }] },
};
const initContainer = (name: string) => ({
  name,
  image: image(),
  imagePullPolicy: 'Never',
  command: sh(`echo ${name} >> /shared/order`),
  ...shared.first,
});

beforeAll(async () => {
  pair = await HookPair.start();
  await pair.namespace(SOURCE);
  for (const [name, options] of Object.entries(pods)) {
    await pair.pod(SOURCE, name, { labels: { case: name }, ...options() });
  }
  await pair.untilPhases(SOURCE, () => 'Running');
  for (const side of SIDES) {
    const backup = await pair.backup(side, BACKUP, { includedNamespaces: [SOURCE] });
    expect(backup.phase).toBe('Completed');
  }
}, 300_000);

afterAll(() => pair?.stop());

const target = (name: string, side: Side) => `${name}-${side}`;
const pathOf = (name: string, side: Side, pod: string) =>
  `/api/v1/namespaces/${target(name, side)}/pods/${pod}`;

async function restore(side: Side, name: string, labels: string[], hooks: object): Promise<Outcome> {
  // The account of a namespace must be there before its pods; the restore itself does not wait for it.
  await pair.namespace(target(name, side));
  return pair.restore(side, name, {
    backupName: BACKUP,
    includedResources: ['pods'],
    namespaceMapping: { [SOURCE]: target(name, side) },
    labelSelector: { matchExpressions: [{ key: 'case', operator: 'In', values: labels }] },
    hooks,
  });
}

/** Everything that names the target namespace, and what ours adds to say why, made equal. */
function normal(outcome: Outcome, name: string, side: Side): Outcome {
  const text = JSON.stringify({ ...outcome, log: outcome.log.map((line) => JSON.stringify(line)).sort() })
    .replaceAll(target(name, side), 'TARGET')
    .replaceAll(/(context (?:canceled|deadline exceeded))(?:: [^"\\]*)?/g, '$1');
  return JSON.parse(text) as Outcome;
}

async function expectSame(name: string, labels: string[], hooks: object = {}): Promise<Outcome> {
  const [real, ours] = await Promise.all(
    SIDES.map(async (side) => normal(await restore(side, name, labels, hooks), name, side)),
  );
  expect(ours).toEqual(real);
  return ours as Outcome;
}

const resource = (name: string, ...hooks: object[]) => ({
  name,
  postHooks: hooks.map((hook) => ({ exec: hook })),
});

describe('commands', () => {
  it('V-RHK-030 none: the counts are there all the same', async () => {
    expect(await expectSame('none', ['none'])).toMatchObject({ phase: 'Completed', hookStatus: {} });
  });

  it('V-RHK-004 V-RHK-014 V-RHK-016 V-RHK-030 of annotations, and not of the spec', async () => {
    const ours = await expectSame('annotated', ['annotated'], {
      resources: [resource('ignored', { command: ['false'] })],
    });
    expect(ours).toMatchObject({ phase: 'Completed', hookStatus: { hooksAttempted: 1 } });
    for (const side of SIDES) {
      const file = await pair.file(target('annotated', side), 'annotated', 'second', '/tmp/hook');
      expect(file).toBe('restored\n');
    }
  });

  it('V-RHK-006 V-RHK-015 V-RHK-016 of annotations with nonsense beside them', async () => {
    expect(await expectSame('nonsense', ['nonsense'])).toMatchObject({
      phase: 'Completed',
      hookStatus: { hooksAttempted: 1 },
    });
  });

  it('V-RHK-023 V-RHK-030 V-RHK-031 that fail', async () => {
    expect(await expectSame('failing', ['failing'])).toMatchObject({
      phase: 'PartiallyFailed',
      errors: 1,
      hookStatus: { hooksAttempted: 1, hooksFailed: 1 },
    });
  });

  it('V-RHK-005 V-RHK-020 V-RHK-023 V-RHK-028 V-RHK-031 of the spec with Continue', async () => {
    const ours = await expectSame('continuing', ['other'], {
      resources: [
        resource(
          'one',
          { command: ['false'], onError: 'Continue' },
          { command: sh('echo second > /tmp/hook'), onError: 'Fail' },
        ),
        resource('two', { command: sh('cat /tmp/hook') }),
        { ...resource('elsewhere', { command: ['false'] }), includedNamespaces: ['elsewhere'] },
        { ...resource('unlabelled', { command: ['false'] }), labelSelector: { matchLabels: { case: 'x' } } },
      ],
    });
    expect(ours).toMatchObject({
      phase: 'PartiallyFailed',
      hookStatus: { hooksAttempted: 2, hooksFailed: 1 },
    });
    expect(JSON.stringify(ours.log)).toContain('stdout: second');
  });

  it('V-RHK-001 V-RHK-003 of the spec are chosen by the target namespace, whatever their resources', async () => {
    for (const side of SIDES) {
      const name = target('chosen', side);
      const outcome = await restore(side, 'chosen', ['other'], {
        resources: [
          { ...resource('there', { command: ['true'] }), includedNamespaces: [name] },
          { ...resource('here', { command: ['false'] }), includedNamespaces: [SOURCE] },
          { ...resource('any', { command: ['true'] }), excludedResources: ['pods'] },
        ],
      });
      expect(outcome).toMatchObject({ phase: 'Completed', hookStatus: { hooksAttempted: 2 } });
    }
  });

  it('V-RHK-023 V-RHK-026 V-RHK-028 of the spec: Fail abandons the rest of the pod', async () => {
    const ours = await expectSame('abandoned', ['other'], {
      resources: [
        resource('one', { command: ['false'], onError: 'Fail' }),
        resource('two', { command: sh('echo never') }),
        resource('three', { command: sh('echo never') }),
      ],
    });
    expect(ours).toMatchObject({
      phase: 'PartiallyFailed',
      hookStatus: { hooksAttempted: 3, hooksFailed: 3 },
    });
    expect(JSON.stringify(ours.log)).not.toContain('stdout: never');
  });

  it('V-RHK-024 that take too long', async () => {
    const ours = await expectSame('slow', ['other'], {
      resources: [resource('one', { command: ['sleep', '20'], execTimeout: '1s' })],
    });
    expect(JSON.stringify(ours.results)).toContain('failed to execute, err: timed out after 1s');
  });

  it('V-RHK-023 that cannot start', async () => {
    const ours = await expectSame('unknown', ['other'], {
      resources: [resource('one', { command: ['/no/such/program'] })],
    });
    expect(ours).toMatchObject({ phase: 'PartiallyFailed', hookStatus: { hooksFailed: 1 } });
  });

  it('V-RHK-019 that wait until the container is ready', async () => {
    const ours = await expectSame('ready', ['ready'], {
      resources: [resource('one', { command: ['test', '-f', '/tmp/ready'], waitForReady: true })],
    });
    expect(ours).toMatchObject({ phase: 'Completed', hookStatus: { hooksAttempted: 1 } });
  });

  it('V-RHK-021 V-RHK-022 that have expired when the container is ready, and run all the same', async () => {
    const ours = await expectSame('expired', ['ready'], {
      resources: [
        resource('one', {
          command: sh('echo ran after all'),
          waitForReady: true,
          waitTimeout: '1s',
          onError: 'Continue',
        }),
        resource('two', { command: ['true'], waitForReady: true, waitTimeout: '2m' }),
      ],
    });
    expect(ours).toMatchObject({
      phase: 'PartiallyFailed',
      hookStatus: { hooksAttempted: 2, hooksFailed: 1 },
    });
    expect(JSON.stringify(ours.results)).toContain('hook one in container first expired before executing');
    expect(JSON.stringify(ours.log)).toContain('stdout: ran after all');
  });

  it('V-RHK-021 V-RHK-026 whose container is not ready in time', async () => {
    const ours = await expectSame('late', ['missing'], {
      resources: [resource('one', { command: ['true'], waitForReady: true, waitTimeout: '3s' })],
    });
    expect(JSON.stringify(ours.results)).toContain(
      'hook one in container first in pod TARGET/missing not executed: context deadline exceeded',
    );
  });

  it('V-RHK-025 V-RHK-026 whose pod ends before', async () => {
    const ours = await expectSame('ends', ['ends'], {
      resources: [resource('one', { command: ['true'], waitForReady: true })],
    });
    expect(ours).toMatchObject({ phase: 'PartiallyFailed', hookStatus: { hooksFailed: 1 } });
  });

  it('V-RHK-026 V-RHK-027 in other pods are given up after a failure in one', async () => {
    const ours = await expectSame('others', ['failing', 'missing'], {
      resources: [resource('one', { command: ['true'], waitForReady: true })],
    });
    expect(ours).toMatchObject({
      phase: 'PartiallyFailed',
      hookStatus: { hooksAttempted: 2, hooksFailed: 2 },
    });
  });

  it('V-RHK-018 for a container that the pod lacks end at once', async () => {
    const outcome = await restore('ours', 'lacking', ['other'], {
      resources: [resource('one', { command: ['true'], container: 'third' })],
    });
    expect(outcome).toMatchObject({
      phase: 'PartiallyFailed',
      hookStatus: { hooksAttempted: 1, hooksFailed: 1 },
    });
  });
});

describe('init containers', () => {
  interface PodSpec {
    initContainers: { name: string; image: string; command: string[] }[];
  }

  async function podOf(name: string, side: Side, pod: string): Promise<PodSpec> {
    const object = await pair.api.until<ApiObject>(
      () => pair.api.get(pathOf(name, side, pod)),
      ({ status }) => (status as { phase?: string }).phase === 'Running',
      `pod ${pod} to run`,
    );
    return object['spec'] as PodSpec;
  }

  const heads = ({ initContainers }: PodSpec) =>
    initContainers.map(({ name, image: from, command }) => ({ name, image: from, command }));

  it('V-RHK-004 V-RHK-007 V-RHK-013 of annotations, and not of the spec', async () => {
    const ours = await expectSame('init-a', ['init-annotated'], {
      resources: [{ name: 'ignored', postHooks: [{ init: { initContainers: [initContainer('spec')] } }] }],
    });
    expect(ours).toMatchObject({ phase: 'Completed', hookStatus: {} });
    const [real, mine] = await Promise.all(SIDES.map((side) => podOf('init-a', side, 'init-annotated')));
    expect(heads(mine as PodSpec)).toEqual(heads(real as PodSpec));
    expect((mine as PodSpec).initContainers.map(({ name }) => name)).toEqual(['added']);
  });

  it('V-RHK-010 V-RHK-011 V-RHK-013 of the spec run in order, before those of the pod', async () => {
    const ours = await expectSame('init-s', ['init-spec'], {
      resources: [
        {
          name: 'one',
          postHooks: [
            { init: { initContainers: [initContainer('a'), initContainer('b')], timeout: '1s' } },
            { exec: { command: ['cat', '/shared/order'] } },
          ],
        },
        { name: 'two', postHooks: [{ init: { initContainers: [initContainer('c')] } }] },
      ],
    });
    expect(ours).toMatchObject({ phase: 'Completed', hookStatus: { hooksAttempted: 1 } });
    for (const side of SIDES) {
      const pod = await podOf('init-s', side, 'init-spec');
      expect(pod.initContainers.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'own']);
      const order = await pair.file(target('init-s', side), 'init-spec', 'first', '/shared/order');
      expect(order).toBe('a\nb\nc\nown\n');
    }
  });
});
