/** `version` (pkg/cmd/cli/version/version.go). */

import { messageOf } from '../lib/errors.ts';
import { boolFlag, durationFlag } from '../lib/flag-values.ts';
import { GIT_COMMIT, VERSION } from '../lib/version.ts';
import { type Command, defineCommand } from './command.ts';
import { serverStatus } from './server-status.ts';

export function versionCommand(): Command {
  return defineCommand({
    use: 'version',
    short: 'Print the velero version and associated image',
    flags: {
      timeout: durationFlag('Maximum time to wait for server version to be reported. Default is 5 seconds.', {
        default: 5_000,
      }),
      'client-only': boolFlag('Only get velero client version, not server version'),
    },
    async run({ flags, session }) {
      await session.print(`Client:\n\tVersion: ${VERSION}\n\tGit commit: ${GIT_COMMIT}`);
      if (flags['client-only']) return;
      await session.kube();
      let server: string;
      try {
        server = (await serverStatus(session, flags.timeout)).status?.serverVersion ?? '';
      } catch (error) {
        await session.print(`<error getting server version: ${messageOf(error)}>`);
        return;
      }
      await session.print(`Server:\n\tVersion: ${server}`);
      const older = olderSide(VERSION, server);
      if (older !== undefined) {
        await session.print(
          `# WARNING: the client version does not match the server version. Please update ${older}`,
        );
      }
    },
  });
}

/** Which side is behind by major or minor version; undefined where they agree. */
export function olderSide(client: string, server: string): 'client' | 'server' | undefined {
  const [ours, theirs] = [majorMinor(client), majorMinor(server)];
  if (ours?.join('.') === theirs?.join('.')) return undefined;
  if (!ours) return 'client';
  if (!theirs) return 'server';
  return ours[0] - theirs[0] || ours[1] - theirs[1] > 0 ? 'server' : 'client';
}

function majorMinor(version: string): [number, number] | undefined {
  const match = /^v(\d+)(?:\.(\d+))?(?:$|[.+-])/.exec(version);
  return match ? [Number(match[1]), Number(match[2] ?? 0)] : undefined;
}
