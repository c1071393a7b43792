/** Tells how far a backup is: at most once a second, only where something changed, never two calls at once. */

import type { Logger } from '../lib/log.ts';
import type { BackupProgress } from './request.ts';

const INTERVAL_MS = 1000;

export class ProgressReporter {
  readonly #report: (progress: BackupProgress) => Promise<void>;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #current: (() => BackupProgress) | undefined;
  #last = '';
  #reporting: Promise<void> | undefined;

  /** @param current asked at each tick, so that an item costs nothing here */
  constructor(
    current: () => BackupProgress,
    report: (progress: BackupProgress) => Promise<void>,
    log: Logger,
  ) {
    this.#current = current;
    this.#report = report;
    this.#log = log;
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS);
    this.#timer.unref();
  }

  /** Ends the reports; resolves when none is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#current = undefined;
    await this.#reporting;
  }

  #tick(): void {
    if (this.#reporting !== undefined || this.#current === undefined) return;
    const progress = this.#current();
    const text = `${progress.itemsBackedUp}/${progress.totalItems}`;
    if (text === this.#last) return;
    this.#last = text;
    this.#reporting = this.#report(progress)
      .catch((error: unknown) => {
        this.#log.warn("Got error trying to update backup's status.progress", { error });
      })
      .finally(() => {
        this.#reporting = undefined;
      });
  }
}
