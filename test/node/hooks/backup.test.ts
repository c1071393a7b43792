import { afterAll, beforeAll, expect, it } from 'vitest';
import { HookPair, type Outcome, SIDES } from './pair.ts';

/** The same hooks in the same pods, run by the real Velero's backup and by ours. */

const NAMESPACE = 'hooked';

let pair: HookPair;

const sh = (script: string) => JSON.stringify(['sh', '-c', script]);
const pre = (key: string) => `pre.hook.backup.velero.io/${key}`;
const post = (key: string) => `post.hook.backup.velero.io/${key}`;

const PODS: Record<string, Record<string, string>> = {
  plain: {},
  annotated: {
    [pre('command')]: sh('echo before; echo to-stderr >&2'),
    [pre('timeout')]: '7s',
    [post('command')]: sh('echo after'),
    [post('container')]: 'second',
    [post('on-error')]: 'Fail',
  },
  legacy: { 'hook.backup.velero.io/command': '/bin/whoami', 'hook.backup.velero.io/container': 'second' },
  failing: { [pre('command')]: sh('echo why; exit 3'), [pre('on-error')]: 'Fail' },
  continuing: { [pre('command')]: sh('exit 4'), [pre('on-error')]: 'Continue' },
  unset: { [pre('command')]: '["false"]', [post('command')]: '["true"]' },
  nonsense: { [pre('command')]: '["true"', [pre('on-error')]: 'Perhaps', [pre('timeout')]: 'soon' },
  'post-failing': { [post('command')]: '["false"]', [post('on-error')]: 'Fail' },
  slow: { [pre('command')]: '["sleep","20"]', [pre('timeout')]: '1s', [pre('on-error')]: 'Fail' },
  nowhere: { [pre('command')]: '["true"]', [pre('container')]: 'third', [pre('on-error')]: 'Fail' },
  ended: { [pre('command')]: '["false"]' },
};

beforeAll(async () => {
  pair = await HookPair.start();
  await pair.namespace(NAMESPACE);
  for (const [name, annotations] of Object.entries(PODS)) {
    await pair.pod(NAMESPACE, name, {
      labels: { case: name },
      annotations,
      ...(name === 'ended' ? { command: ['true'] } : {}),
    });
  }
  await pair.untilPhases(NAMESPACE, (name) => (name === 'ended' ? 'Succeeded' : 'Running'));
}, 300_000);

afterAll(() => pair?.stop());

type BackupOutcome = Outcome & { pods: string[] };

/** One after the other, so that neither meets the other's commands in the pods. */
async function both(name: string, label: string, hooks: object = {}): Promise<BackupOutcome[]> {
  const outcomes: BackupOutcome[] = [];
  for (const side of SIDES) {
    outcomes.push(
      await pair.backup(side, name, {
        includedNamespaces: [NAMESPACE],
        includedResources: ['pods'],
        labelSelector: { matchLabels: { case: label } },
        hooks,
      }),
    );
  }
  return outcomes;
}

async function expectSame(name: string, label: string, hooks?: object): Promise<BackupOutcome> {
  const [real, ours] = (await both(name, label, hooks)) as [BackupOutcome, BackupOutcome];
  expect({ ...ours, results: messages(ours) }).toEqual({ ...real, results: messages(real) });
  return ours;
}

/** The original forgets the namespace and type of `Error backing up item`; ours puts it under its namespace. */
function messages({ results }: Outcome): string[] {
  const { errors, warnings } = results as Record<
    'errors' | 'warnings',
    { velero?: string[]; namespaces?: Record<string, string[]> }
  >;
  return [errors, warnings].flatMap(({ velero = [], namespaces = {} }) =>
    [...(namespaces[NAMESPACE] ?? []), ...velero].map((line) => line.replace(' resource: /pods', '')),
  );
}

it('V-BKP-110 V-BKP-111 V-BKP-114 annotations before and after, and not the spec', async () => {
  const ours = await expectSame('annotated', 'annotated', {
    resources: [{ name: 'ignored', pre: [{ exec: { command: ['false'], onError: 'Fail' } }] }],
  });
  expect(ours).toMatchObject({
    phase: 'Completed',
    pods: ['annotated.json'],
    hookStatus: { hooksAttempted: 2 },
  });
  expect(ours.log.map(({ msg }) => msg)).toContain('stdout: before\n');
});

it('V-BKP-111 V-BKP-112 keys without a phase', async () => {
  expect(await expectSame('legacy', 'legacy')).toMatchObject({
    phase: 'Completed',
    hookStatus: { hooksAttempted: 1 },
  });
});

it.each([
  ['failing', []],
  ['continuing', ['continuing.json']],
  ['unset', ['unset.json']],
  ['post-failing', []],
  ['nonsense', ['nonsense.json']],
  ['slow', []],
  ['nowhere', []],
])('V-BKP-112 V-BKP-113 V-BKP-114 V-BKP-115 V-BKP-118 a failure in pod %s', async (name, pods) => {
  const ours = await expectSame(name, name);
  expect(ours).toMatchObject({ phase: 'PartiallyFailed', pods, hookStatus: { hooksFailed: 1 } });
});

it('V-BKP-116 a pod that has ended', async () => {
  expect(await expectSame('ended', 'ended')).toMatchObject({ phase: 'Completed', pods: ['ended.json'] });
});

it('V-BKP-110 V-BKP-117 V-BKP-118 hooks of the spec, whose selectors fit or not', async () => {
  const write = (text: string) => ({ exec: { command: ['sh', '-c', `echo ${text} >> /tmp/spec`] } });
  const ours = await expectSame('spec', 'plain', {
    resources: [
      { name: 'one', includedResources: ['po'], pre: [write('1'), write('2')], post: [write('4')] },
      { name: 'two', includedNamespaces: [NAMESPACE], pre: [write('3')] },
      { name: 'other-namespace', includedNamespaces: ['elsewhere'], pre: [write('x')] },
      { name: 'other-type', excludedResources: ['pods'], pre: [write('x')] },
      { name: 'other-label', labelSelector: { matchLabels: { app: 'x' } }, pre: [write('x')] },
    ],
  });
  expect(ours).toMatchObject({ phase: 'Completed', hookStatus: { hooksAttempted: 3 } });
  expect(await pair.file(NAMESPACE, 'plain', 'first', '/tmp/spec')).toBe('1\n2\n3\n4\n'.repeat(SIDES.length));
});

it('V-BKP-115 V-BKP-118 after Fail the others of the phase count but do not run', async () => {
  const ours = await expectSame('abandoned', 'plain', {
    resources: [
      { name: 'one', pre: [{ exec: { command: ['false'], onError: 'Fail' } }] },
      {
        name: 'two',
        pre: [{ exec: { command: ['sh', '-c', 'echo never >> /tmp/never'] } }],
        post: [{ exec: { command: ['true'] } }],
      },
    ],
  });
  expect(ours).toMatchObject({
    phase: 'PartiallyFailed',
    pods: [],
    hookStatus: { hooksAttempted: 2, hooksFailed: 1 },
  });
  await expect(pair.file(NAMESPACE, 'plain', 'first', '/tmp/never')).rejects.toThrow('No such file');
});

it('V-BKP-113 V-BKP-115 V-BKP-118 a spec with every kind of trouble', async () => {
  const ours = await expectSame('trouble', 'plain', {
    resources: [
      {
        name: 'one',
        pre: [
          { exec: { command: ['sh', '-c', 'exit 9'], container: 'second' } },
          { exec: { command: ['true'], container: 'second' } },
          { exec: { command: ['sleep', '9'], timeout: '1s', onError: 'Continue' } },
          { exec: { command: ['/no/such/program'] } },
          { exec: { command: ['true'], container: 'third', onError: 'Continue' } },
        ],
        post: [{ exec: { command: ['false'], onError: 'Continue' } }],
      },
    ],
  });
  expect(ours).toMatchObject({ phase: 'PartiallyFailed', pods: ['plain.json'] });
});
