/** What this build calls itself. The bundle replaces both values; a run from source says so. */

declare const OADP_VERSION: string | undefined;
declare const OADP_COMMIT: string | undefined;

/**
 * The Velero version that we stand in for, with our own as build metadata: version checks of the original compare
 * major and minor only, so its command line and ours accept each other's server without a warning.
 */
export const VERSION: string = typeof OADP_VERSION === 'string' ? OADP_VERSION : 'v1.14.1+oadp.0.1.0-source';

/** The commit that was built, as pkg/buildinfo's FormattedGitSHA shows it. */
export const GIT_COMMIT: string = typeof OADP_COMMIT === 'string' ? OADP_COMMIT : '-';

/** The image that an installation runs unless it names another one. */
export const IMAGE: string = `oadp/oadp:v${VERSION.replace(/^.*\+oadp\.|-source$/g, '')}`;
