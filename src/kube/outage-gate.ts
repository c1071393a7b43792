/**
 * Holds requests back while the API server is away, so that its return is not met by a storm of retries. One probe
 * asks for all; a server that has come back but is not ready yet (caches and roles are still being read, so that it
 * would say 403 and 404 to what it will serve in a moment) counts as away.
 */

import type { KubeError } from './errors.ts';

const FIRST_PROBE_MS = 100;
const LAST_PROBE_MS = 2000;

export class OutageGate {
  readonly #probe: () => Promise<boolean>;
  #opened: Promise<void> | undefined;
  #reason: KubeError | undefined;
  #waiters = 0;
  #ended = false;

  /** @param probe whether the server is well; must not throw */
  constructor(probe: () => Promise<boolean>) {
    this.#probe = probe;
  }

  get closed(): boolean {
    return this.#opened !== undefined;
  }

  /** Something looked like the server being away: requests wait until a probe finds it well. */
  suspect(reason: KubeError): void {
    this.#reason = reason;
    if (this.#ended) return;
    this.#opened ??= this.#watch().finally(() => {
      this.#opened = undefined;
    });
  }

  /**
   * Waits until the gate is open.
   * @param deadline milliseconds since the epoch
   * @throws KubeError the reason for which the gate was closed, when the deadline passes; the signal's reason
   */
  async wait(deadline: number, signal?: AbortSignal): Promise<void> {
    const opened = this.#opened;
    if (opened === undefined) return;
    this.#waiters++;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let onAbort: (() => void) | undefined;
    try {
      await Promise.race([
        opened,
        new Promise<never>((_resolve, reject) => {
          if (deadline !== Number.POSITIVE_INFINITY) {
            timer = setTimeout(() => reject(this.#reason as KubeError), Math.max(0, deadline - Date.now()));
          }
          if (signal) {
            onAbort = () => reject(signal.reason as Error);
            if (signal.aborted) onAbort();
            else signal.addEventListener('abort', onAbort, { once: true });
          }
        }),
      ]);
    } finally {
      this.#waiters--;
      clearTimeout(timer);
      if (onAbort) signal?.removeEventListener('abort', onAbort);
    }
  }

  close(): void {
    this.#ended = true;
  }

  /** Probes until the server is well, or until nobody waits: the next request then finds out for itself. */
  async #watch(): Promise<void> {
    let pause = FIRST_PROBE_MS;
    let idle = 0;
    while (!this.#ended) {
      if (await this.#probe()) return;
      idle = this.#waiters === 0 ? idle + 1 : 0;
      if (idle > 5) return;
      await new Promise<void>((resolve) => {
        setTimeout(resolve, pause * (0.75 + Math.random() / 2));
      });
      pause = Math.min(LAST_PROBE_MS, pause * 1.6);
    }
  }
}
