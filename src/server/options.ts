/** What a server is started with, and the values that it refuses (newServer in pkg/cmd/server/server.go). */

import { Failure } from '../lib/errors.ts';
import { type ControllerName, enabledControllers } from './controllers.ts';
import { defaultServerFlags, type ServerFlagValues } from './flags.ts';

export interface ServerOptions {
  flags: ServerFlagValues;
  /** Flags that were given on the command line: `client-qps` and `client-burst` bind only then. */
  given: ReadonlySet<string>;
  kubeconfig?: string | undefined;
  context?: string | undefined;
  /** Where the server's custom resources live. */
  namespace: string;
  /** Feature flags, e.g. `EnableCSI`; unknown ones are accepted. */
  features: readonly string[];
  /** Ends the server when aborted, as SIGTERM does. */
  signal?: AbortSignal | undefined;
  /** Takes the log, some lines at a time; standard output where absent. */
  output?: ((text: string) => void) | undefined;
}

/** Options at the original's defaults, with some of them replaced. */
export function serverOptions(
  given: Partial<Omit<ServerOptions, 'flags'>> & { flags?: Partial<ServerFlagValues> } = {},
): ServerOptions {
  return {
    namespace: 'velero',
    features: [],
    given: new Set(Object.keys(given.flags ?? {})),
    ...given,
    flags: { ...defaultServerFlags(), ...given.flags },
  };
}

const UPLOADER_TYPES: readonly string[] = ['restic', 'kopia'];

/**
 * Refuses what cannot work before anything is touched.
 * @returns the controllers that are to run
 * @throws Failure `INVALID_FLAG` with the original's text
 */
export function checkOptions(options: ServerOptions): Set<ControllerName> {
  const { flags } = options;
  if (!UPLOADER_TYPES.includes(flags['uploader-type'])) {
    throw refused(
      'uploader-type',
      `invalid uploader type '${flags['uploader-type']}', valid upload types are: 'restic', 'kopia'`,
    );
  }
  if (flags['client-qps'] < 0) throw refused('client-qps', 'client-qps must be positive');
  if (flags['client-burst'] <= 0) throw refused('client-burst', 'client-burst must be positive');
  if (flags['client-page-size'] < 0) {
    throw refused('client-page-size', 'client-page-size must not be negative');
  }
  for (const name of ['concurrent-backups', 'concurrent-restores'] as const) {
    if (flags[name] < 1) throw refused(name, `${name} must be positive`);
  }
  return enabledControllers(flags['disable-controllers'], flags['restore-only']);
}

function refused(flag: string, message: string): Failure {
  return new Failure({
    code: 'INVALID_FLAG',
    message,
    object: `flag --${flag}`,
    remedy: `give --${flag} another value or leave it out`,
  });
}
