/** The process's own terminal. */

import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { systemClock } from '../lib/clock.ts';
import type { Terminal } from './session.ts';

/** @param exit ends the process with a code, for a reader of our output that went away */
export function processTerminal(exit: (code: number) => void): Terminal {
  const { stdout, stderr, env } = process;
  // `velero backup get | head -1`: the reader has what it wants. 141 is what a shell shows for SIGPIPE.
  stdout.on('error', (error: NodeJS.ErrnoException) => exit(error.code === 'EPIPE' ? 141 : 1));
  let lines: AsyncIterator<string> | undefined;
  return {
    env,
    cwd: process.cwd(),
    clock: systemClock,
    interactive: stdout.isTTY && env['TERM'] !== 'dumb',
    async write(text) {
      if (!stdout.write(text)) await once(stdout, 'drain');
    },
    error(text) {
      stderr.write(text);
    },
    async readLine() {
      lines ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
      const { done, value } = await lines.next();
      return done === true ? undefined : value;
    },
    stopSignal() {
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.once(signal, () => stop.abort(new Error(`Received signal ${signal}, shutting down`)));
      }
      return stop.signal;
    },
  };
}
