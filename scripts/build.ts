/**
 * Bundles the program into dist/oadp.mjs. What a command needs only sometimes (the cloud SDKs, the server, the
 * Kubernetes client) is imported dynamically and lands in files of its own under dist/chunks, so that `--help` reads
 * little.
 */

import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(fileURLToPath(import.meta.url), '../..');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
/** The Velero whose place we take: its major and minor version are what clients and servers compare. */
const VELERO = 'v1.14.1';
const finished = path.join(root, 'dist');
// A build that fails leaves the last one as it was, and programs that start meanwhile find whole files.
const outdir = path.join(root, 'dist', `.next-${process.pid}`);

const result = await build({
  absWorkingDir: root,
  entryPoints: { oadp: 'src/main.ts' },
  outdir,
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // A CommonJS package imported dynamically would come as its default export alone: take the module form where there is one.
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  // Names are kept: they stand in messages of errors and in profiles.
  keepNames: false,
  legalComments: 'none',
  // Some dependencies are CommonJS and ask for Node's own modules by `require`.
  banner: {
    js: "#!/usr/bin/env node\nimport{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);",
  },
  define: {
    OADP_VERSION: JSON.stringify(`${VELERO}+oadp.${manifest.version}`),
    OADP_COMMIT: JSON.stringify(commit()),
  },
  metafile: true,
  logLevel: 'warning',
});
chmodSync(path.join(outdir, 'oadp.mjs'), 0o755);
for (const part of ['chunks', 'oadp.mjs']) {
  rmSync(path.join(finished, part), { recursive: true, force: true });
  renameSync(path.join(outdir, part), path.join(finished, part));
}
rmSync(outdir, { recursive: true });

const sizes = Object.entries(result.metafile.outputs).map(([file, { bytes }]) => ({ file, bytes }));
const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
const entry = sizes.find(({ file }) => file.endsWith('/oadp.mjs'))?.bytes ?? 0;
console.log(
  `dist/oadp.mjs: ${kib(entry)} KiB at start, ${kib(total)} KiB in ${sizes.length} files altogether`,
);

/** The commit that is built, marked where the tree differs from it; empty outside of a repository. */
function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' }).trim();
    const dirty = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', 'HEAD') + (dirty ? '-dirty' : '');
  } catch {
    return '';
  }
}

function kib(bytes: number): number {
  return Math.round(bytes / 1024);
}
