/**
 * The supervisor: one process per cluster, in a session of its own, which starts the cluster's programs and ends them.
 *
 * Whoever starts a cluster holds the other end of the supervisor's standard input. When the owner ends, whatever the
 * reason, the pipe closes and the supervisor takes the cluster down. Its programs are killed by the kernel when the
 * supervisor itself dies. A cluster that was detached lives until someone says "stop" over its control socket.
 */
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { messageOf } from './errors.ts';
import { type Command, type Message, type Request, readLines, writeLine } from './protocol.ts';
import { RunningCluster } from './running-cluster.ts';

let cluster: RunningCluster | undefined;
let ending: Promise<void> | undefined;
let detached = false;
let controlServer: Server | undefined;
const listeners = new Set<Writable>();

function say(message: Message): void {
  for (const listener of listeners) writeLine(listener, message);
}

function end(exitCode: number): Promise<void> {
  ending ??= (async () => {
    controlServer?.close();
    await cluster?.stop();
    // Answers are still on their way through the pipe: exit() would cut them off.
    process.exitCode = exitCode;
    setImmediate(() => process.exit());
  })();
  return ending;
}

async function start(command: Command & { do: 'start' }): Promise<unknown> {
  cluster = new RunningCluster(command.spec, (news) => say({ news }));
  const info = await cluster.start();
  controlServer = createServer((socket) => serve(socket, socket));
  rmSync(cluster.controlSocket, { force: true });
  await new Promise<void>((resolve, reject) => {
    controlServer?.once('error', reject);
    controlServer?.listen(cluster?.controlSocket, resolve);
  });
  return info;
}

async function obey(command: Command): Promise<unknown> {
  if (command.do === 'start') return await start(command);
  if (!cluster) throw new Error('the supervisor has not been told what to start');
  switch (command.do) {
    case 'info':
      return cluster.info;
    case 'detach':
      detached = true;
      break;
    case 'stop':
      await cluster.stop();
      break;
    case 'kill-program':
      await cluster.killProgram(command.program, command.signal);
      break;
    case 'freeze-program':
      cluster.freezeProgram(command.program, command.still);
      break;
    case 'start-program':
      await cluster.startProgram(command.program);
      break;
    case 'add-user':
      return await cluster.addUser(command.name, command.groups);
  }
  return null;
}

async function answer({ id, command }: Request, output: Writable): Promise<void> {
  let failed = false;
  try {
    const result = await obey(command);
    writeLine(output, { id, result });
  } catch (cause) {
    failed = true;
    writeLine(output, { id, error: messageOf(cause) });
  }
  if (command.do === 'stop' || (command.do === 'start' && failed)) await end(failed ? 1 : 0);
}

function serve(input: Readable, output: Writable): void {
  listeners.add(output);
  output.on('error', () => listeners.delete(output));
  output.once('close', () => listeners.delete(output));
  readLines(input, (request) => void answer(request as Request, output));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(0));
process.stdin.once('close', () => {
  if (!detached) void end(0);
});
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  void end(1);
});
serve(process.stdin, process.stdout);
