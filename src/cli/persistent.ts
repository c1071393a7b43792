/** Flags that every command accepts (pkg/client/factory.go, pkg/cmd/velero/velero.go, klog). */

import {
  boolFlag,
  type FlagTable,
  opaqueFlag,
  optionalBoolFlag,
  stringArrayFlag,
  stringFlag,
} from '../lib/flag-values.ts';
import type { Flag } from '../lib/flag-values.ts';
import { type ClientConfig, configText } from './config-file.ts';

const CONFIG = '$HOME/.config/velero/config.json';

/**
 * The namespace's default comes from the configuration file, else from VELERO_NAMESPACE, else it is `velero`: the file
 * beats the environment.
 */
export function persistentFlags(
  config: ClientConfig,
  env: Readonly<Record<string, string | undefined>>,
): FlagTable {
  const namespace = configText(config, 'namespace') || env['VELERO_NAMESPACE'] || 'velero';
  return {
    kubeconfig: stringFlag(
      'Kubeconfig file that leads to the cluster. Where it is not given, the environment variable KUBECONFIG is used, then what a pod of the cluster has',
    ),
    kubecontext: stringFlag(
      "Context of the kubeconfig file to use. Where it is not given, the file's current context is used",
    ),
    namespace: stringFlag('The namespace in which Velero should operate', {
      shorthand: 'n',
      default: namespace,
    }),
    features: stringArrayFlag(`Comma-separated list of features to enable, besides those of ${CONFIG}`),
    colorized: optionalBoolFlag(
      `Coloured output on a terminal. Goes before 'colorized' of ${CONFIG}. On by default`,
      { needsValue: true },
    ),
    ...loggingFlags,
  };
}

function uintFlag(usage: string, value: string): Flag<string> {
  return opaqueFlag('uint', usage, { default: value });
}

/** The logging library's flags of the original: accepted, so that scripts that pass them go on working. */
const loggingFlags: FlagTable = {
  add_dir_header: boolFlag('Accepted for compatibility: folder names in log headers'),
  alsologtostderr: boolFlag('Accepted for compatibility: log to standard error besides files'),
  log_backtrace_at: opaqueFlag('traceLocation', 'Accepted for compatibility: stack trace at file:N', {
    default: ':0',
  }),
  log_dir: stringFlag('Accepted for compatibility: folder of log files'),
  log_file: stringFlag('Accepted for compatibility: log file'),
  log_file_max_size: uintFlag('Accepted for compatibility: largest log file in megabytes', '1800'),
  logtostderr: boolFlag('Accepted for compatibility: log to standard error', { default: true }),
  one_output: boolFlag('Accepted for compatibility: log lines to one level only'),
  skip_headers: boolFlag('Accepted for compatibility: no headers in log lines'),
  skip_log_headers: boolFlag('Accepted for compatibility: no headers in log files'),
  stderrthreshold: opaqueFlag(
    'severity',
    'Accepted for compatibility: level from which lines go to standard error',
    {
      default: '2',
    },
  ),
  v: opaqueFlag('Level', 'Accepted for compatibility: number of the log level', { shorthand: 'v' }),
  vmodule: opaqueFlag('moduleSpec', 'Accepted for compatibility: log levels of single files'),
};
