/** Flags of every command that fetches files from the object store. */

import { boolFlag, type Flag, stringFlag } from '../lib/flag-values.ts';

export interface TlsValues {
  readonly 'insecure-skip-tls-verify': boolean;
  readonly cacert: string;
}

/** @param cacert the default of `--cacert`, from the client's configuration */
export function tlsFlags(cacert: string): {
  'insecure-skip-tls-verify': Flag<boolean>;
  cacert: Flag<string>;
} {
  return {
    'insecure-skip-tls-verify': boolFlag(
      "Do not check the object store's TLS certificate. This is insecure: whoever sits in between can read and change everything. Not for production.",
    ),
    cacert: stringFlag('Certificate bundle to trust when speaking TLS.', { default: cacert }),
  };
}
