import { readFile, stat } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../lib/log.ts';
import { createJobLog, createLogCounter } from './job-log.ts';
import { createSpool } from './spool.ts';

describe('job log', () => {
  it('V-STO-006 keeps every line in order, whatever the amount, in a gzip file', async () => {
    const spool = await createSpool(mkdtempSync(join(tmpdir(), 'job-log-')));
    const jobLog = await createJobLog(spool, 'nightly', 'text');
    const log = createLogger({ sinks: [jobLog], fields: { backup: 'velero/nightly' }, now: () => 0 });
    const count = 60_000;
    // All in one turn: the compressor falls behind and must neither lose lines nor mix them up.
    for (let index = 0; index < count; index++) log.info(`line ${index} ${'x'.repeat(150)}`);
    const path = await jobLog.finish();
    log.info('too late');
    const lines = gunzipSync(await readFile(path))
      .toString()
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(count);
    expect(lines.every((line, index) => line.includes(`msg="line ${index} `))).toBe(true);
    expect(lines[0]).toMatch(
      /^time="1970-01-01T00:00:00Z" level=info msg="line 0 x+" backup=velero\/nightly$/,
    );
    await jobLog.dispose();
    await expect(stat(path)).rejects.toThrow('ENOENT');
    await spool.close();
  });

  it('an empty log is a gzip file too, and readable by its owner alone', async () => {
    const spool = await createSpool(mkdtempSync(join(tmpdir(), 'job-log-')));
    const jobLog = await createJobLog(spool, 'empty', 'json');
    const path = await jobLog.finish();
    expect(gunzipSync(await readFile(path)).toString()).toBe('');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(spool.directory)).mode & 0o777).toBe(0o700);
    await spool.close();
    await expect(stat(spool.directory)).rejects.toThrow('ENOENT');
  });

  it('removes spools that a killed server left, and keeps those in use', async () => {
    const root = mkdtempSync(join(tmpdir(), 'spools-'));
    const first = await createSpool(root);
    const abandoned = join(root, `velero-${process.pid}-AbCdEf`);
    const { mkdir } = await import('node:fs/promises');
    await mkdir(abandoned);
    const second = await createSpool(root);
    await expect(stat(abandoned)).rejects.toThrow('ENOENT');
    expect((await stat(first.directory)).isDirectory()).toBe(true);
    await first.close();
    await second.close();
  });
});

describe('log counter', () => {
  it('V-BKP-120 V-STO-045 counts warnings and errors and groups their messages', () => {
    const counter = createLogCounter();
    const log = createLogger({ sinks: [counter] });
    log.info('not counted', { namespace: 'a' });
    log.warn('careful');
    log.error('of a namespace', {
      namespace: 'shop',
      resource: 'pods',
      name: 'web',
      error: new Error('why'),
    });
    log.error('of the cluster', { namespace: '', name: 'pv-1' });
    log.error('bare');
    expect([counter.warnings, counter.errors]).toEqual([1, 3]);
    expect(counter.warningResult()).toEqual({
      velero: [' message: /careful'],
      cluster: [],
      namespaces: {},
    });
    expect(counter.errorResult()).toEqual({
      velero: [' message: /bare'],
      cluster: [' name: /pv-1 message: /of the cluster'],
      namespaces: { shop: [' resource: /pods name: /web message: /of a namespace error: /why'] },
    });
  });
});
