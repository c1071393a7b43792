import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { ClusterError, messageOf } from './errors.ts';
import { takeLock } from './lock.ts';
import { cacheFolder, modulesFolder } from './paths.ts';
import { type ProgramName, type ProgramSource, programs } from './programs.ts';
import { lastLines } from './tail.ts';

/** Receives one line of progress. */
export type Log = (line: string) => void;

/** Where the built programs are. */
export type ProgramPaths = Readonly<Partial<Record<ProgramName, string>>>;

const stillBuildingEvery = 30_000;

/**
 * Builds the named programs where the cache does not hold them yet and returns the path of each.
 *
 * A program is built again only when its module's files, its linker values or the Go version change. Two processes
 * that want the same program at once build it once. With everything in the cache no network is needed.
 */
export async function buildPrograms(
  names: readonly ProgramName[],
  log: Log = () => {},
): Promise<ProgramPaths> {
  const version = goVersion();
  const wanted = [...new Set(names)];
  const paths: Partial<Record<ProgramName, string>> = {};
  const missing: ProgramName[] = [];
  for (const name of wanted) {
    const file = cachedFile(name, version);
    paths[name] = file;
    if (!existsSync(file)) missing.push(name);
  }
  for (const [index, name] of missing.entries()) {
    await buildOnce(name, cachedFile(name, version), (line) =>
      log(`[${index + 1}/${missing.length}] ${line}`),
    );
  }
  return paths;
}

function goVersion(): string {
  try {
    // Outside of any module: a go.mod there could ask for another toolchain.
    return execFileSync('go', ['env', 'GOVERSION'], { cwd: '/', encoding: 'utf8' }).trim();
  } catch (cause) {
    throw new ClusterError(
      `go: the Go toolchain does not run (${messageOf(cause).split('\n')[0]}). ` +
        'Install Go 1.26 or newer and put it on the PATH; the programs of the development cluster are built with it.',
    );
  }
}

/** Built programs are named after everything that decides what they contain. */
function cachedFile(name: ProgramName, version: string): string {
  const source: ProgramSource = programs[name];
  const folder = join(modulesFolder, source.module);
  const hash = createHash('sha256').update(JSON.stringify([version, source, buildFlags(source)]));
  for (const file of readdirSync(folder).filter(isModuleFile).sort()) {
    hash.update(`\0${file}\0`).update(readFileSync(join(folder, file)));
  }
  return join(cacheFolder(), 'bin', `${name}-${hash.digest('hex').slice(0, 12)}`, name);
}

function isModuleFile(file: string): boolean {
  return file.endsWith('.go') || file === 'go.mod' || file === 'go.sum';
}

function buildFlags(source: ProgramSource): string[] {
  const values = Object.entries(source.set ?? {}).map(([key, value]) => `-X ${key}=${value}`);
  return ['-trimpath', '-buildvcs=false', '-mod=readonly', '-ldflags', ['-s -w', ...values].join(' ')];
}

async function buildOnce(name: ProgramName, file: string, log: Log): Promise<void> {
  const lockFile = `${file}.lock`;
  let lock = await takeLock(lockFile, { wait: false });
  if (!lock) {
    log(`${name}: another process is building it, waiting`);
    lock = await takeLock(lockFile, { wait: true });
  }
  try {
    if (!existsSync(file)) await build(name, file, log);
  } finally {
    await lock?.release();
  }
}

async function build(name: ProgramName, file: string, log: Log): Promise<void> {
  const source: ProgramSource = programs[name];
  const logFile = `${file}.log`;
  const unfinished = `${file}.unfinished`;
  mkdirSync(join(file, '..'), { recursive: true });
  rmSync(unfinished, { force: true });
  log(`${name}: building from dev/go/${source.module}`);
  const started = Date.now();
  const seconds = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
  const timer = setInterval(() => log(`${name}: still building after ${seconds()}`), stillBuildingEvery);
  try {
    await runGo(['build', ...buildFlags(source), '-o', unfinished, source.package], source, logFile);
  } catch (cause) {
    throw new ClusterError(
      `${name}: go build in dev/go/${source.module} failed: ${messageOf(cause)}\n${lastLines(logFile, 15)}\n` +
        `Whole log: ${logFile}. The Go module proxy must be reachable for a first build; run the build again afterwards.`,
    );
  } finally {
    clearInterval(timer);
  }
  // Renamed only when whole, so that a build that was killed never looks like a program.
  renameSync(unfinished, file);
  log(`${name}: built in ${seconds()}`);
}

function runGo(args: string[], source: ProgramSource, logFile: string): Promise<void> {
  const output = openSync(logFile, 'w');
  try {
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', 'go', ...args], {
      cwd: join(modulesFolder, source.module),
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off', GOTOOLCHAIN: 'local' },
      stdio: ['ignore', output, output],
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        code === 0 ? resolve() : reject(new Error(`it ended with ${signal ?? `code ${code}`}`)),
      );
    });
  } finally {
    closeSync(output);
  }
}
