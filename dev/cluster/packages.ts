import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from './build.ts';
import { ClusterError } from './errors.ts';
import { withLock } from './lock.ts';
import { machineLocks } from './paths.ts';

const run = promisify(execFile);

/** Where Debian keeps the container network plugins. */
export const networkPlugins = '/usr/lib/cni';

/** The shell and small commands of the test image, in one static file. */
export const busybox = '/bin/busybox';

/** What a node needs from Debian: the package, and the file that shows it is there. */
const packages: Readonly<Record<string, string>> = {
  containerd: '/usr/bin/containerd',
  runc: '/usr/sbin/runc',
  'containernetworking-plugins': join(networkPlugins, 'bridge'),
  'busybox-static': busybox,
  iproute2: '/bin/ip',
  mount: '/bin/mount',
};

function missingPackages(): string[] {
  return Object.entries(packages).flatMap(([name, file]) => (existsSync(file) ? [] : [name]));
}

/** Installs the Debian packages of a node where they are missing. */
export async function installPackages(log: Log): Promise<void> {
  if (missingPackages().length === 0) return;
  await withLock(join(machineLocks, 'packages'), async () => {
    const missing = missingPackages();
    if (missing.length === 0) return;
    log(`installing Debian packages: ${missing.join(' ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    try {
      await run('apt-get', ['update', '-q'], { env });
      await run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...missing], { env });
    } catch (cause) {
      const { stderr = '' } = cause as { stderr?: string };
      throw new ClusterError(
        `Debian packages ${missing.join(', ')}: apt-get failed:\n${stderr.trim().split('\n').slice(-8).join('\n')}\n` +
          `A node needs them; as root run: apt-get install --no-install-recommends ${missing.join(' ')}`,
      );
    }
  });
}
