import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildPrograms } from './build.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oadp-build-'));
  vi.stubEnv('OADP_CACHE', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('a program is built once, even when two ask for it at the same moment, and found afterwards', async () => {
  const lines: string[] = [];
  const [first, second] = await Promise.all([
    buildPrograms(['pause'], (line) => lines.push(line)),
    buildPrograms(['pause'], (line) => lines.push(line)),
  ]);
  expect(first).toEqual(second);
  expect(existsSync(first.pause ?? '')).toBe(true);
  expect(lines.filter((line) => line.includes('pause: built in'))).toHaveLength(1);

  const again: string[] = [];
  expect(await buildPrograms(['pause'], (line) => again.push(line))).toEqual(first);
  expect(again).toEqual([]);
});

test('a build that fails names the program, the cause, the log and what to do, and leaves no program', async () => {
  // A Go toolchain that answers its version and then fails to build.
  const bin = join(folder, 'bin-path');
  execFileSync('mkdir', [bin]);
  const script =
    '#!/bin/sh\n[ "$1" = env ] && echo go1.0-test && exit 0\necho "module x: not found" >&2\nexit 1\n';
  writeFileSync(join(bin, 'go'), script, { mode: 0o755 });
  vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`);
  const failure = await buildPrograms(['certs']).then(
    () => '',
    (cause: Error) => cause.message,
  );
  expect(failure).toMatch(/^certs: go build in dev\/go\/certs failed: it ended with code 1\n/);
  expect(failure).toContain('module x: not found');
  const log = /Whole log: (\S+)\. /.exec(failure)?.[1] ?? '';
  expect(existsSync(log)).toBe(true);
  expect(existsSync(log.replace(/\.log$/, ''))).toBe(false);
});

test('a machine without Go is told so', async () => {
  vi.stubEnv('PATH', join(folder, 'nothing'));
  await expect(buildPrograms(['certs'])).rejects.toThrow(
    /^go: the Go toolchain does not run .*Install Go 1\.26/,
  );
});
