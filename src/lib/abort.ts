/**
 * Listening to an abort by many at once. A signal keeps its listeners in a list, so that each of hundreds of requests
 * that share one pays for all others when it ends; here a signal has one listener, and leaving costs nothing.
 */

const hubs = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `callback` once when the signal is aborted; not where it already is.
 * @returns ends the listening
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = hubs.get(signal);
  if (!callbacks) {
    const fresh = new Set<() => void>();
    callbacks = fresh;
    hubs.set(signal, fresh);
    signal.addEventListener(
      'abort',
      () => {
        const all = [...fresh];
        fresh.clear();
        for (const each of all) each();
      },
      { once: true },
    );
  }
  // A function of its own, so that the same callback may be given twice.
  const entry = () => callback();
  const set = callbacks;
  set.add(entry);
  return () => {
    set.delete(entry);
  };
}
