/** Reports how far a restore is, at most once a second (execute in pkg/restore/restore.go of the original). */

import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';

const INTERVAL_MS = 1000;

/** `status.progress` of a Restore. */
export interface RestoreProgress {
  /** An estimate that grows while actions bring further items along. */
  totalItems: number;
  itemsRestored: number;
}

export class ProgressReporter {
  readonly #report: (progress: RestoreProgress) => Promise<void>;
  readonly #current: () => RestoreProgress;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #reported: RestoreProgress | undefined;

  /** Starts reporting what `current` gives, whenever it has changed; never twice at once. */
  constructor(options: {
    report: (progress: RestoreProgress) => Promise<void>;
    current: () => RestoreProgress;
    clock: Clock;
    log: Logger;
  }) {
    this.#report = options.report;
    this.#current = options.current;
    this.#log = options.log;
    this.#ended = this.#run(options.clock);
  }

  /** Ends the reports with a last one, which tells these numbers. */
  async finish(last: RestoreProgress): Promise<void> {
    await this.stop();
    await this.#send(last, 'Updating restore status');
  }

  /** Ends the reports. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(clock: Clock): Promise<void> {
    for (;;) {
      try {
        await clock.sleep(INTERVAL_MS, this.#stop.signal);
      } catch {
        return;
      }
      const now = this.#current();
      const before = this.#reported;
      if (before?.totalItems === now.totalItems && before?.itemsRestored === now.itemsRestored) continue;
      await this.#send(now, "Got error trying to update restore's status.progress");
    }
  }

  async #send(progress: RestoreProgress, complaint: string): Promise<void> {
    this.#reported = progress;
    try {
      await this.#report(progress);
    } catch (error) {
      this.#log.warn(complaint, { error });
    }
  }
}
