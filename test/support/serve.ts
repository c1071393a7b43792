/** Runs our server from its source as a process of its own: what tests kill, stop and start again. */

import { type ServerOptions, serverOptions } from '../../src/server/options.ts';
import { runServer } from '../../src/server/run.ts';
import { withSlowActions } from './slow-actions.ts';

const given = JSON.parse(process.argv[2] ?? '{}') as Partial<Omit<ServerOptions, 'given' | 'signal'>>;
const slow = process.env['SLOW_ACTIONS'];
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
try {
  await runServer(serverOptions({ ...given, signal: stop.signal }), {
    onReady: ({ metricsAddress }) => process.send?.({ metricsAddress }),
    ...(slow === undefined ? {} : { actions: (builtIn) => withSlowActions(builtIn, slow) }),
  });
  process.exit(0);
} catch (error) {
  process.stderr.write(`An error occurred: ${(error as Error).message}\n`);
  process.exit(1);
}
