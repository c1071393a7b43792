/** The table of commands: one line each. Whoever adds a command adds it here. */

import { backupLocationCommand } from './backup-location/index.ts';
import { backupCommand } from './backup/index.ts';
import { clientCommand } from './client-config/index.ts';
import { defineCommand, type Root } from './command.ts';
import { completionCommand } from './completion/command.ts';
import { type ClientConfig, configText } from './config-file.ts';
import { debugCommand } from './debug/command.ts';
import { helpCommand } from './help-command.ts';
import { installCommand } from './install/command.ts';
import { uninstallCommand } from './install/uninstall.ts';
import { persistentFlags } from './persistent.ts';
import { pluginCommand } from './plugin/index.ts';
import { repoCommand } from './repo/index.ts';
import { restoreCommand } from './restore/index.ts';
import { scheduleCommand } from './schedule/index.ts';
import { serverCommand } from './server/run.ts';
import { snapshotLocationCommand } from './snapshot-location/index.ts';
import { verbCommands } from './verbs.ts';
import { versionCommand } from './version.ts';

/**
 * The whole tree.
 * @param program the name under which it was started, `velero` or `oadp`
 */
export function buildRoot(
  program: string,
  config: ClientConfig,
  env: Readonly<Record<string, string | undefined>>,
): Root {
  const cacert = configText(config, 'cacert');
  return {
    persistent: persistentFlags(config, env),
    command: defineCommand({
      use: program,
      short: 'Back up and restore Kubernetes cluster resources.',
      long: `Back up, restore and move the resources of a Kubernetes or OpenShift cluster and the data of
its volumes.

Commands may be given by what they are about or by what they do, as with kubectl:
'${program} backup get' is '${program} get backups', '${program} schedule create' is '${program} create schedule'.`,
      commands: [
        backupCommand(cacert),
        scheduleCommand(),
        restoreCommand(cacert),
        serverCommand(),
        versionCommand(),
        installCommand(),
        uninstallCommand(),
        debugCommand(cacert),
        ...verbCommands(cacert),
        pluginCommand(),
        clientCommand(),
        completionCommand(),
        repoCommand(),
        backupLocationCommand(),
        snapshotLocationCommand(),
        helpCommand(program),
      ],
    }),
  };
}
