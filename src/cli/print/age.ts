/** Durations for people. */

/** `59s`, `3h`, `29d`, `2y`: one unit only (k8s.io/apimachinery util/duration, ShortHumanDuration). */
export function shortHumanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 24) return `${hours}h`;
  if (hours < 24 * 365) return `${Math.trunc(hours / 24)}d`;
  return `${Math.trunc(hours / 24 / 365)}y`;
}

/** How far off a time is: `29d`, or `2d ago`; `n/a` where there is none. */
export function timeFromNow(when: number | undefined, now: number): string {
  if (when === undefined) return 'n/a';
  return when >= now ? shortHumanDuration(when - now) : `${shortHumanDuration(now - when)} ago`;
}
