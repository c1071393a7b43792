/**
 * Profiles at `--profiler-address`, under the paths of Go's pprof. The formats are those of V8, which a browser's
 * developer tools open: a CPU profile, a sampled heap profile, a heap snapshot.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Session } from 'node:inspector/promises';
import { getHeapSnapshot } from 'node:v8';
import { pipeline } from 'node:stream/promises';
import { systemClock } from '../lib/clock.ts';
import { type HttpServer, listen } from './http.ts';

const INDEX = `Profiles of this process:
/debug/pprof/profile?seconds=30   CPU profile (.cpuprofile)
/debug/pprof/heap?seconds=30      sampled allocations (.heapprofile)
/debug/pprof/heapsnapshot         everything on the heap (.heapsnapshot)
/debug/pprof/cmdline              how the process was started
`;

/** Serves profiles at `address`. @throws Failure `LISTEN_FAILED` */
export function serveProfiles(address: string): Promise<HttpServer> {
  return listen(address, {
    '/debug/pprof/': (_, response) => void response.end(INDEX),
    '/debug/pprof/cmdline': (_, response) => void response.end(process.argv.join('\0')),
    '/debug/pprof/profile': (request, response) =>
      sampled(request, response, 'cpu.cpuprofile', async (session, wait) => {
        await session.post('Profiler.enable');
        await session.post('Profiler.start');
        await wait();
        return (await session.post('Profiler.stop')).profile;
      }),
    '/debug/pprof/heap': (request, response) =>
      sampled(request, response, 'heap.heapprofile', async (session, wait) => {
        await session.post('HeapProfiler.startSampling', { samplingInterval: 32_768 });
        await wait();
        return (await session.post('HeapProfiler.stopSampling')).profile;
      }),
    '/debug/pprof/heapsnapshot': async (_, response) => {
      response.setHeader('content-disposition', 'attachment; filename="heap.heapsnapshot"');
      await pipeline(getHeapSnapshot(), response);
    },
  });
}

async function sampled(
  request: IncomingMessage,
  response: ServerResponse,
  fileName: string,
  run: (session: Session, wait: () => Promise<void>) => Promise<unknown>,
): Promise<void> {
  const asked = Number(new URL(request.url ?? '/', 'http://server').searchParams.get('seconds') ?? 30);
  const seconds = Number.isFinite(asked) && asked > 0 ? Math.min(asked, 600) : 30;
  const gone = new AbortController();
  response.once('close', () => gone.abort(new Error('the client went away')));
  const session = new Session();
  session.connect();
  try {
    const profile = await run(session, () => systemClock.sleep(seconds * 1000, gone.signal));
    response.setHeader('content-type', 'application/json');
    response.setHeader('content-disposition', `attachment; filename="${fileName}"`);
    response.end(JSON.stringify(profile));
  } finally {
    session.disconnect();
  }
}
