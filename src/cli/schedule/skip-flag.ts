/** `--skip-immediately` (pkg/cmd/cli/schedule/skip_options.go). */

import { optionalBoolFlag } from '../../lib/flag-values.ts';

/** Needs a value, unlike other optional switches: unset leaves the decision to the server. */
export const skipFlag = {
  'skip-immediately': optionalBoolFlag('Skip the next scheduled backup immediately', { needsValue: true }),
};
