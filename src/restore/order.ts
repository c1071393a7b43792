/** The order in which resources are restored (pkg/restore/priority.go). */
export interface RestorePriorities {
  high: readonly string[];
  low: readonly string[];
}

/** What `--restore-resource-priorities` holds by default. */
export declare const DEFAULT_PRIORITIES: RestorePriorities;

/** Reads the flag's text. @throws Failure `multiple priority separator "-" found` */
export declare function parsePriorities(text: string): RestorePriorities;

/** The flag's text for these priorities. */
export declare function formatPriorities(priorities: RestorePriorities): string;
