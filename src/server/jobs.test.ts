import { expect, it } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { Failure, wrap } from '../lib/errors.ts';
import { createJobs, isStopping } from './jobs.ts';

it('waits for running work to end by itself, and aborts what does not', async () => {
  const jobs = createJobs(systemClock);
  const short = jobs.run('short', () => systemClock.sleep(20));
  const long = jobs
    .run('long', () => systemClock.sleep(60_000, jobs.signal))
    .catch((error: unknown) => error);
  expect(jobs.running()).toEqual(['short', 'long']);
  expect(await jobs.stop(100, 1000)).toEqual([]);
  await short;
  expect(isStopping(await long)).toBe(true);
  expect(jobs.stopping).toBe(true);
});

it('ends at once where nothing runs, and names what does not heed the signal', async () => {
  const jobs = createJobs(systemClock);
  const before = Date.now();
  expect(await jobs.stop(5000, 5000)).toEqual([]);
  expect(Date.now() - before).toBeLessThan(1000);

  const deaf = createJobs(systemClock);
  const work = Promise.withResolvers<void>();
  const running = deaf.run('deaf', () => work.promise);
  expect(await deaf.stop(10, 10)).toEqual(['deaf']);
  work.resolve();
  await running;
  expect(deaf.running()).toEqual([]);
});

it('passes a failure on and forgets the job', async () => {
  const jobs = createJobs(systemClock);
  await expect(jobs.run('bad', () => Promise.reject(new Error('why')))).rejects.toThrow('why');
  expect(jobs.running()).toEqual([]);
});

it('knows the error of a stop behind others', () => {
  const stopping = new Failure({ code: 'SERVER_STOPPING', message: 'x' });
  expect(isStopping(wrap(wrap(stopping, 'a'), 'b'))).toBe(true);
  expect(isStopping(new Error('x', { cause: new Error('y') }))).toBe(false);
  expect(isStopping('x')).toBe(false);
});
