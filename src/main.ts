/**
 * Where everything starts. The name under which the program was called decides what it is: `velero` stands in for the
 * original's command line, `oadp` is ours. The only file that ends the process.
 */

import path from 'node:path';
import { connectCluster } from './cli/cluster.ts';
import { buildRoot } from './cli/index.ts';
import { runProgram } from './cli/program.ts';
import { processTerminal } from './cli/terminal.ts';

const terminal = processTerminal((code) => process.exit(code));
// The wrappers in bin/ say how they were called; Node.js itself only knows the script.
const called = process.env['OADP_CALLED_AS'] ?? process.argv[1] ?? 'oadp';
const args = process.argv.slice(2);
// `oadp velero …` is the same as calling it `velero`.
const asVelero = path.basename(called).replace(/\.(m?js|ts)$/, '') === 'velero' || args[0] === 'velero';
if (args[0] === 'velero') args.shift();
const program = asVelero ? 'velero' : 'oadp';

const code = await runProgram(args, {
  terminal,
  connect: (target) => connectCluster(target, program, terminal.env),
  buildRoot: (config) => buildRoot(program, config, terminal.env),
});
process.exit(code);
