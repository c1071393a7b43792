/** Collects the bytes of an answer: undici's `request()` would make a stream of each. */

import type { Dispatcher } from 'undici';
import { onAbort } from '../lib/abort.ts';
import { NEVER_SENT } from './network-error.ts';

export interface Answer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
  /** True where an earlier try of the same request got no answer, so that it may have been carried out twice. */
  repeated: boolean;
}

/** Resolves or rejects once; an abort ends the request as well as the waiting for it. */
export class Collector implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: Error) => void;
  readonly #signal: AbortSignal | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Answer['headers'] = {};
  #chunks: Buffer[] = [];
  #leave: (() => void) | undefined;

  constructor(
    resolve: (answer: Answer) => void,
    reject: (error: Error) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    if (signal) {
      this.#leave = onAbort(signal, () => {
        // Where undici still waits for a connection there is nothing to abort yet; it is dropped at its start.
        this.#controller?.abort(signal.reason as Error);
        this.#reject(signal.reason as Error);
      });
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal?.aborted === true) controller.abort(this.#signal.reason as Error);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Answer['headers'],
  ): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#settle();
    const [first] = this.#chunks;
    this.#resolve({
      status: this.#status,
      headers: this.#headers,
      body: this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks),
      repeated: false,
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settle();
    if (this.#controller === undefined) Object.assign(error, { [NEVER_SENT]: true });
    this.#reject(error);
  }

  #settle(): void {
    this.#leave?.();
  }
}
