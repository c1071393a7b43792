import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { messageOf } from './errors.ts';

const execute = promisify(execFile);

/** Runs a command and returns what it printed; fails with its error output. */
export async function runFile(command: readonly string[]): Promise<string> {
  const [program = '', ...args] = command;
  try {
    return (await execute(program, args, { maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (cause) {
    const stderr = (cause as { stderr?: string }).stderr?.trim();
    throw new Error(`${command.join(' ')}: ${stderr || messageOf(cause)}`, { cause });
  }
}

/** One file of an image: a copy from this machine (folders included), text, or a symbolic link. */
export type ImageFile =
  | { readonly copyOf: string; readonly mode?: number }
  | { readonly text: string; readonly mode?: number }
  | { readonly linkTo: string };

/** What an image consists of; it is made without a registry and without an engine. */
export interface ImageContent {
  /** A folder on this machine that becomes the image's root. */
  readonly root?: string;
  /** Files by their path in the image, on top of the root. */
  readonly files?: Readonly<Record<string, ImageFile>>;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** `uid` or `uid:gid`; root where none is given. */
  readonly user?: string;
}

/** Packs an image with one layer as an archive that `ctr image import` and `docker load` read. */
export async function packImage(reference: string, content: ImageContent, archive: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'oadp-image-'));
  try {
    const layers = [];
    if (content.root) layers.push(await packLayer(content.root, join(work, 'root.tar')));
    if (content.files) {
      const root = join(work, 'files');
      await writeFiles(root, content.files);
      layers.push(await packLayer(root, join(work, 'files.tar')));
    }
    await writeFile(join(work, 'config.json'), JSON.stringify(imageConfig(content, layers)));
    const manifest = [
      { Config: 'config.json', RepoTags: [reference], Layers: layers.map((layer) => layer.file) },
    ];
    await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest));
    const parts = ['manifest.json', 'config.json', ...layers.map((layer) => layer.file)];
    await runFile(['tar', '--create', '--file', archive, '--directory', work, ...parts]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface Layer {
  readonly file: string;
  readonly digest: string;
}

async function packLayer(root: string, archive: string): Promise<Layer> {
  // Sorted and with owners and times fixed, so that the same files make the same image.
  const stable = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];
  await runFile(['tar', '--create', '--file', archive, ...stable, '--directory', root, '.']);
  const hash = createHash('sha256');
  await pipeline(createReadStream(archive), hash);
  return { file: archive.slice(dirname(archive).length + 1), digest: hash.digest('hex') };
}

async function writeFiles(root: string, files: Readonly<Record<string, ImageFile>>): Promise<void> {
  await mkdir(root, { mode: 0o755 });
  for (const [path, file] of Object.entries(files)) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    if ('linkTo' in file) await symlink(file.linkTo, target);
    else if ('text' in file) await writeFile(target, file.text);
    else await cp(file.copyOf, target, { recursive: true, verbatimSymlinks: true });
    if (!('linkTo' in file) && file.mode !== undefined) await chmod(target, file.mode);
  }
}

function imageConfig(content: ImageContent, layers: readonly Layer[]): unknown {
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const env = Object.entries(content.env ?? {}).map(([name, value]) => `${name}=${value}`);
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      Env: content.env?.['PATH'] === undefined ? [path, ...env] : env,
      Entrypoint: content.entrypoint ?? null,
      Cmd: content.command ?? null,
      WorkingDir: content.workingDirectory ?? '/',
      User: content.user ?? '',
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${layer.digest}`) },
    history: layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'oadp-dev' })),
    created: '1970-01-01T00:00:00Z',
  };
}

/** The command line that runs a command inside a node, seen from the machine. */
export function insideNode(pid: number, command: readonly string[]): string[] {
  return ['nsenter', '--target', `${pid}`, '--mount', '--uts', '--ipc', '--net', '--pid', '--', ...command];
}

/** Packs an image and hands it to a node's containerd. Pods use it with `imagePullPolicy: IfNotPresent` or `Never`. */
export async function importImage(nodePid: number, reference: string, content: ImageContent): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'oadp-image-'));
  try {
    const archive = join(folder, 'image.tar');
    await packImage(reference, content, archive);
    const command = ['ctr', '--namespace', 'k8s.io', 'image', 'import', archive];
    await runFile(insideNode(nodePid, command));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
