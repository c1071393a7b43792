import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import { Api } from '../../support/api.ts';
import { ensureNamespace, installCrds, type Side } from '../../support/velero.ts';
import { Running, type RunningOptions } from './running.ts';

/**
 * What people and scripts see of `--wait`. No server runs here: the test itself moves the objects on, so that every
 * moment can be looked at.
 */

const SIDES: readonly Side[] = ['real', 'ours'];
const NAMESPACE = 'quiet';
type Kind = readonly [noun: string, plural: string, flags: readonly string[]];
const KINDS: readonly Kind[] = [
  ['backup', 'backups', []],
  ['restore', 'restores', ['--from-backup', 'source']],
];

let cluster: Cluster;
let api: Api;
let count = 0;
const running: Running[] = [];

beforeAll(async () => {
  cluster = await startCluster({ velero: true });
  api = new Api(cluster);
  await installCrds(cluster, api, 'ours');
  await ensureNamespace(api, NAMESPACE);
  await api.create(pathOf('backups'), {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name: 'source' },
    spec: {},
    status: { phase: 'Completed' },
  });
}, 180_000);

afterEach(() => {
  for (const command of running.splice(0)) command.close();
});

afterAll(async () => {
  await api?.close();
  await cluster?.stop();
});

const pathOf = (plural: string, name?: string) =>
  `/apis/velero.io/v1/namespaces/${NAMESPACE}/${plural}${name === undefined ? '' : `/${name}`}`;

const statusOf = async (plural: string, name: string, status: Record<string, unknown>) =>
  api.patch(pathOf(plural, name), { status });

interface Started {
  name: string;
  command: Running;
}

async function start(side: Side, kind: Kind, options: RunningOptions = {}): Promise<Started> {
  const [noun, , more] = kind;
  const name = `wait-${++count}`;
  const args = [noun, 'create', name, ...more, '--wait', '-n', NAMESPACE, '--colorized=false'];
  const command = new Running(cluster, side, args, options);
  running.push(command);
  await command.shows(`Waiting for ${noun} to complete.`);
  // The original's informer only tells of changes after its first list.
  await sleep(1500);
  return { name, command };
}

/** The text with made-up names and however many dots made equal. */
const normal = ({ name, command }: Started) =>
  command.stdout.replaceAll(name, 'NAME').replace(/^\.+$/m, '...');

describe.each(KINDS)('%s create --wait', (...kind) => {
  const [noun, plural] = kind;

  it.each(['Completed', 'PartiallyFailed', 'Failed', 'FailedValidation'])(
    'V-CLI-019 V-CLI-020 V-CLI-043 in a pipe: a dot a second, the same words and exit code 0 for %s',
    async (phase) => {
      const both = await Promise.all(SIDES.map((side) => start(side, kind)));
      await Promise.all(
        both.map(({ name }) => statusOf(plural, name, { phase: 'InProgress', progress: { totalItems: 7 } })),
      );
      await Promise.all(both.map(({ command }) => command.shows(/^\.{2}/m)));
      await Promise.all(both.map(({ name }) => statusOf(plural, name, { phase })));
      const codes = await Promise.all(both.map(({ command }) => command.ended()));
      expect(codes).toEqual([0, 0]);
      const [real, ours] = both.map(normal);
      expect(ours).toBe(real);
      expect(ours).toContain(`completed with status: ${phase}. You may check`);
      expect(both.map(({ command }) => command.stderr)).toEqual(['', '']);
    },
  );

  it('V-CLI-019 V-CLI-043 on a terminal a line tells how far it is', async () => {
    const { name, command } = await start('ours', kind, { terminal: true, env: { TERM: 'xterm' } });
    await command.shows('\r\u001b[KNew (');
    const done = noun === 'backup' ? { itemsBackedUp: 40 } : { itemsRestored: 40 };
    await statusOf(plural, name, { phase: 'InProgress', progress: { totalItems: 120, ...done } });
    await command.shows('\r\u001b[KInProgress: 40 of 120 items (');
    await statusOf(plural, name, { phase: 'Completed' });
    expect(await command.ended()).toBe(0);
    const [last, words] = command.stdout.split('\r\n').slice(-3);
    expect(last?.split('\u001b[K').at(-1)).toMatch(/^Completed: 40 of 120 items \(\d+ s\)$/);
    expect(words).toMatch(/completed with status: Completed\. You may check/);
    expect(command.stdout).not.toMatch(/^\.+/m);
  });

  it('V-CLI-019 V-CLI-043 on a terminal that knows no control sequences: dots', async () => {
    const { name, command } = await start('ours', kind, { terminal: true, env: { TERM: 'dumb' } });
    await command.shows(/^\.{2}/m);
    await statusOf(plural, name, { phase: 'Completed' });
    expect(await command.ended()).toBe(0);
    expect(command.stdout).not.toContain('\u001b');
  });

  it.each([{ terminal: true }, { terminal: false }])(
    'V-CLI-019 V-CLI-043 Ctrl-C stops the waiting and nothing else (terminal: $terminal)',
    async ({ terminal }) => {
      const both = await Promise.all(
        SIDES.map((side) => start(side, kind, { terminal, env: { TERM: 'xterm' } })),
      );
      await Promise.all(both.map(({ name }) => statusOf(plural, name, { phase: 'InProgress' })));
      await sleep(500);
      for (const { command } of both) {
        if (terminal) command.type('\u0003');
        else command.interrupt();
      }
      const [real, ours] = await Promise.all(both.map(({ command }) => command.ended()));
      expect(ours).toBe(real);
      expect(ours).not.toBe(0);
      for (const { name, command } of both) {
        expect((await api.get(pathOf(plural, name)))['status']).toMatchObject({ phase: 'InProgress' });
        expect(command.stdout).not.toContain('completed with status');
      }
      expect(await api.list(pathOf('deletebackuprequests'))).toEqual([]);
    },
  );

  it('V-CLI-020 ends where the object is deleted meanwhile', async () => {
    const { name, command } = await start('ours', kind);
    await api.delete(pathOf(plural, name));
    expect(await command.ended()).toBe(1);
    expect(command.stderr).toBe(`An error occurred: ${noun} "${name}" was deleted while it was waited for\n`);
  });

  it('V-CLI-019 V-CLI-043 waits on where the API server restarts', async () => {
    const { name, command } = await start('ours', kind);
    await cluster.apiserver.kill('SIGKILL');
    await sleep(1000);
    await cluster.apiserver.start();
    await api.until(
      () =>
        statusOf(plural, name, { phase: 'Completed' })
          .then(() => true)
          .catch(() => false),
      (done) => done,
      'the status to be written',
    );
    expect(await command.ended()).toBe(0);
    expect(command.stdout).toContain('completed with status: Completed.');
  });
});
