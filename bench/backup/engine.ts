/**
 * The backup engine alone against a cluster that is there: no controller, no upload, the log formatted as for the
 * upload. Usage: node bench/backup/engine.ts KUBECONFIG [rounds]
 */

import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { backupActions } from '../../src/actions/backup/index.ts';
import { runBackup } from '../../src/backup/run.ts';
import { connectKube, loadConfig } from '../../src/kube/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogger, lineSink } from '../../src/lib/log.ts';
import { VolumeBackup } from '../../src/volumes/backup-port.ts';

const mb = (bytes: number) => Math.round(bytes / 1e6);
const [kubeconfig = '', rounds = '3'] = process.argv.slice(2);
const kube = await connectKube(loadConfig({ env: {}, kubeconfig }), { userAgent: 'bench' });
console.log(`before: RSS ${mb(process.memoryUsage.rss())} MB`);
for (let round = 0; round < Number(rounds); round++) {
  let logged = 0;
  const started = performance.now();
  const cpu = process.cpuUsage();
  let peak = 0;
  let at = process.memoryUsage();
  const sampler = setInterval(() => {
    const rss = process.memoryUsage.rss();
    if (rss > peak) {
      peak = rss;
      at = process.memoryUsage();
    }
  }, 50);
  const outcome = await runBackup({
    backup: {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: { name: 'bench', namespace: 'velero', uid: 'bench' },
      spec: {},
    },
    kube,
    actions: backupActions({ kube }),
    volumes: new VolumeBackup({
      kube,
      policies: undefined,
      features: new Set(),
      snapshotLocations: [],
      volumeSnapshotter: () => Promise.reject(new Error('none')),
    }),
    settings: {
      features: new Set(),
      concurrentLists: Number(process.env['LISTS'] ?? 4),
      pageSize: Number(process.env['PAGE'] ?? 500),
    },
    store: (archive) => pipeline(archive, createWriteStream(path.join(tmpdir(), 'bench-backup.tar.gz'))),
    onProgress: () => Promise.resolve(),
    log: createLogger({
      sinks: [
        lineSink((line) => {
          logged += line.length;
        }),
      ],
    }),
    clock: systemClock,
    signal: new AbortController().signal,
  });
  clearInterval(sampler);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const items = outcome.progress.itemsBackedUp;
  console.log(
    `${items} items in ${seconds.toFixed(2)} s = ${Math.round(items / seconds)} items/s; CPU ${((user + system) / 1e6).toFixed(2)} s, peak RSS ${Math.round(peak / 1e6)} MB, archive ${(outcome.archive.compressedBytes / 1e6).toFixed(1)} MB of ${(outcome.archive.bytes / 1e6).toFixed(0)} MB, log ${(logged / 1e6).toFixed(1)} MB; at the peak heap ${mb(at.heapUsed)} of ${mb(at.heapTotal)}, buffers ${mb(at.arrayBuffers)} MB`,
  );
}
await kube.close();
