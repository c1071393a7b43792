/** The command line's way to a cluster. */

import type { KubeClient } from '../kube/contract.ts';
import { GIT_COMMIT, VERSION } from '../lib/version.ts';
import type { Target } from './session.ts';

/** How long a person waits for an API server that does not answer, in milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Makes a client; nothing is asked of the server yet, so that a command that names its resources needs no discovery.
 * @param program the name under which the program was started
 * @throws Failure where no configuration leads to a cluster
 */
export async function connectCluster(
  target: Target,
  program: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<KubeClient> {
  const { createKubeClient, loadConfig } = await import('../kube/index.ts');
  const config = loadConfig({ kubeconfig: target.kubeconfig, context: target.context, env });
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return createKubeClient(config, {
    userAgent: `${program}/${VERSION} (${os}/${arch}) ${GIT_COMMIT}`,
    patienceMs: PATIENCE_MS,
  });
}
