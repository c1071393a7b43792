/** PVs whose data a backup leaves out, and why (pkg/backup/pv_skip_tracker.go of the original). */

/** The ways of saving a volume under which reasons are noted. */
export type Approach = 'podvolume' | 'csiSnapshot' | 'volumeSnapshot' | 'vsphereSnapshot' | 'any';

export interface SkippedVolume {
  name: string;
  /** One a way, sorted by way. */
  reasons: { approach: Approach; reason: string }[];
}

export class SkipTracker {
  readonly #skipped = new Map<string, Map<Approach, string>>();
  readonly #taken = new Set<string>();

  /** Notes why a PV is not saved this way; a PV that was saved in any way is never listed. */
  track(name: string, approach: Approach, reason: string): void {
    if (name === '' || this.#taken.has(name)) return;
    const reasons = this.#skipped.get(name);
    if (reasons === undefined) this.#skipped.set(name, new Map([[approach, reason]]));
    else reasons.set(approach, reason);
  }

  /** The PV's data is saved. */
  untrack(name: string): void {
    this.#taken.add(name);
    this.#skipped.delete(name);
  }

  /** Sorted by name. */
  summary(): SkippedVolume[] {
    return [...this.#skipped].sort(byKey).map(([name, reasons]) => ({
      name,
      reasons: [...reasons].sort(byKey).map(([approach, reason]) => ({ approach, reason })),
    }));
  }
}

/** `skippedReason` of a volume info: `approach: reason;` for each. */
export function skippedReason(volume: SkippedVolume): string {
  return volume.reasons.map(({ approach, reason }) => `${approach}: ${reason};`).join('');
}

function byKey([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
