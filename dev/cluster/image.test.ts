import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packImage } from './image.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oadp-image-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function unpack(archive: string): string {
  const target = join(folder, 'unpacked');
  mkdirSync(target);
  execFileSync('tar', ['-xf', archive, '-C', target]);
  return target;
}

interface Config {
  config: Record<string, unknown>;
  rootfs: { diff_ids: string[] };
}

test('an image holds its root folder, its files, and how to start it', async () => {
  const root = join(folder, 'root');
  mkdirSync(root);
  writeFileSync(join(root, 'from-root'), 'a');
  const archive = join(folder, 'image.tar');
  await packImage(
    'localhost/x:1',
    {
      root,
      files: {
        'bin/tool': { copyOf: '/bin/true', mode: 0o755 },
        'etc/note': { text: 'hello', mode: 0o600 },
        'bin/alias': { linkTo: 'tool' },
      },
      entrypoint: ['/bin/tool'],
      env: { A: 'b' },
      user: '1000',
    },
    archive,
  );

  const unpacked = unpack(archive);
  const [manifest] = JSON.parse(readFileSync(join(unpacked, 'manifest.json'), 'utf8')) as [
    { RepoTags: string[]; Layers: string[] },
  ];
  expect(manifest.RepoTags).toEqual(['localhost/x:1']);
  const config = JSON.parse(readFileSync(join(unpacked, 'config.json'), 'utf8')) as Config;
  expect(config.config).toMatchObject({ Entrypoint: ['/bin/tool'], User: '1000', WorkingDir: '/' });
  expect(config.config['Env']).toContain('A=b');
  const digests = manifest.Layers.map(
    (layer) =>
      `sha256:${createHash('sha256')
        .update(readFileSync(join(unpacked, layer)))
        .digest('hex')}`,
  );
  expect(config.rootfs.diff_ids).toEqual(digests);
  const listing = manifest.Layers.map((layer) =>
    execFileSync('tar', ['-tvf', join(unpacked, layer), '--numeric-owner'], { encoding: 'utf8' }),
  ).join('');
  expect(listing).toMatch(/-rw\S+ 0\/0 .* \.\/from-root\n/);
  expect(listing).toMatch(/-rwxr-xr-x 0\/0 .* \.\/bin\/tool\n/);
  expect(listing).toMatch(/-rw------- 0\/0 .* \.\/etc\/note\n/);
  expect(listing).toMatch(/\.\/bin\/alias -> tool\n/);
});
