/** Waiting for a backup or restore: a dot a second for scripts, a line that tells how far it is for people. */

import type { KindName } from '../api/kinds.ts';
import { KINDS } from '../api/kinds.ts';
import type { KubeObject } from '../api/object.ts';
import { Failure } from '../lib/errors.ts';
import type { Session } from './session.ts';

export interface Waiting<T extends KubeObject> {
  kind: KindName;
  name: string;
  /** How far the object is, for the line on a terminal. */
  progress(object: T): string;
  /** True when there is nothing more to wait for. */
  ended(object: T): boolean;
}

const TICK_MS = 1000;
/** Erases the line, and goes back to its begin. */
const CLEAR = '\r\u001b[K';

/**
 * Waits until the object has ended; the line under way is ended too.
 * @returns the object as it ended
 * @throws Failure `WAIT_DELETED` where it is deleted meanwhile: the original would wait for ever
 */
export async function waitForEnd<T extends KubeObject>(session: Session, waiting: Waiting<T>): Promise<T> {
  const kube = await session.kube();
  const stop = new AbortController();
  const ticker = startTicker(session);
  try {
    const events = kube.watch(KINDS[waiting.kind], {
      namespace: session.namespace,
      fieldSelector: `metadata.name=${waiting.name}`,
      signal: stop.signal,
    });
    let seen = false;
    for await (const { type, object } of events) {
      if (type === 'DELETED' || (type === 'SYNC' && !seen)) throw deleted(waiting);
      if (!object) {
        if (type === 'RELIST') seen = false;
        continue;
      }
      seen = true;
      const current = object as T;
      ticker.show(waiting.progress(current));
      if (waiting.ended(current)) return current;
    }
    throw deleted(waiting);
  } finally {
    stop.abort();
    await ticker.end();
  }
}

function deleted({ kind, name }: Waiting<never>): Failure {
  return new Failure({
    code: 'WAIT_DELETED',
    message: `${kind.toLowerCase()} "${name}" was deleted while it was waited for`,
    object: `${kind.toLowerCase()} ${name}`,
  });
}

interface Ticker {
  show(progress: string): void;
  end(): Promise<void>;
}

function startTicker({ terminal }: Session): Ticker {
  const started = terminal.clock.now();
  const stop = new AbortController();
  let progress = '';
  const draw = () => {
    const seconds = Math.round((terminal.clock.now() - started) / 1000);
    return terminal.write(`${CLEAR}${progress === '' ? 'New' : progress} (${seconds} s)`);
  };
  const loop = async () => {
    while (!stop.signal.aborted) {
      await terminal.clock.sleep(TICK_MS, stop.signal);
      await (terminal.interactive ? draw() : terminal.write('.'));
    }
  };
  // The loop ends by the abort that ends the wait.
  const running = loop().catch(() => undefined);
  return {
    show(text) {
      progress = text;
      if (terminal.interactive) void draw();
    },
    async end() {
      stop.abort();
      await running;
      await terminal.write('\n');
    },
  };
}
