/** Tells what becomes of single pods, by one watch a namespace however many pods are followed. */

import type { KubeObject } from '../api/object.ts';
import type { KubeClient } from '../kube/contract.ts';
import { isNotFound } from '../kube/errors.ts';
import { pause } from '../lib/pause.ts';
import { PODS } from '../kube/built-in.ts';

export type PodState = { pod: KubeObject } | { deleted: true };

/** What the watch has to say of a pod; `ask` where it missed something, `lost` where it will say no more. */
type News = { pod: KubeObject } | 'ask' | 'lost';

/** How often a pod is asked for that the watch has lost. */
const ASK_MS = 2000;

/** The newest state of one pod: a reader that is busy misses the ones in between. */
class Mailbox {
  #state: News | undefined;
  #wake: (() => void) | undefined;

  put(state: News): void {
    this.#state = state;
    this.#wake?.();
  }

  /** Throws the signal's reason where it is aborted while waiting. */
  async take(signal: AbortSignal): Promise<News> {
    while (this.#state === undefined) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#wake = wake;
        signal.addEventListener('abort', wake, { once: true });
      });
    }
    const state = this.#state;
    this.#state = undefined;
    return state;
  }
}

interface NamespaceWatch {
  mailboxes: Map<string, Set<Mailbox>>;
  stop: AbortController;
}

export class PodWatch {
  readonly #kube: KubeClient;
  readonly #labelSelector: string;
  readonly #signal: AbortSignal;
  readonly #watches = new Map<string, NamespaceWatch>();

  /** @param labelSelector which pods will be asked for, so that others are not sent to us */
  constructor(kube: KubeClient, labelSelector: string, signal: AbortSignal) {
    this.#kube = kube;
    this.#labelSelector = labelSelector;
    this.#signal = signal;
  }

  /**
   * The pod's state now and at each change, until it is deleted or `signal` is aborted, whose reason is then thrown.
   * @throws KubeError where the pod cannot be read
   */
  async *follow(namespace: string, name: string, signal: AbortSignal): AsyncGenerator<PodState> {
    const mailbox = new Mailbox();
    const leave = this.#subscribe(namespace, name, mailbox);
    try {
      // The watch may have begun before the pod was there: what it told then nobody heard.
      let news: News = 'ask';
      let uid: string | undefined;
      for (;;) {
        let state: PodState = typeof news === 'string' ? await this.#ask(namespace, name, signal) : news;
        uid ??= 'pod' in state ? state.pod.metadata.uid : undefined;
        // A pod of the same name may have taken its place.
        if ('pod' in state && state.pod.metadata.uid !== uid) state = { deleted: true };
        yield state;
        if ('deleted' in state) return;
        // Another restore may have given the pod its own label: the watch then takes it for deleted.
        if (news === 'lost') await pause(ASK_MS, signal);
        else news = await mailbox.take(signal);
        signal.throwIfAborted();
      }
    } finally {
      leave();
    }
  }

  async #ask(namespace: string, name: string, signal: AbortSignal): Promise<PodState> {
    try {
      return { pod: await this.#kube.get(PODS, name, namespace, signal) };
    } catch (error) {
      if (isNotFound(error)) return { deleted: true };
      throw error;
    }
  }

  #subscribe(namespace: string, name: string, mailbox: Mailbox): () => void {
    let watch = this.#watches.get(namespace);
    if (!watch) {
      watch = { mailboxes: new Map(), stop: new AbortController() };
      this.#watches.set(namespace, watch);
      void this.#run(namespace, watch);
    }
    const { mailboxes, stop } = watch;
    const subscribers = mailboxes.get(name) ?? new Set();
    mailboxes.set(name, subscribers.add(mailbox));
    return () => {
      subscribers.delete(mailbox);
      if (subscribers.size === 0) mailboxes.delete(name);
      if (mailboxes.size > 0) return;
      stop.abort();
      this.#watches.delete(namespace);
    };
  }

  async #run(namespace: string, watch: NamespaceWatch): Promise<void> {
    const signal = AbortSignal.any([this.#signal, watch.stop.signal]);
    const labelSelector = this.#labelSelector;
    const tell = (name: string | undefined, news: News) => {
      for (const mailbox of watch.mailboxes.get(name ?? '') ?? []) mailbox.put(news);
    };
    try {
      for await (const { type, object } of this.#kube.watch(PODS, { namespace, labelSelector, signal })) {
        const name = object?.metadata.name;
        if (type === 'DELETED') tell(name, 'lost');
        else if (object) tell(name, { pod: object });
        // A new full set does not tell what was deleted while nobody listened.
        else if (type === 'RELIST') for (const followed of watch.mailboxes.keys()) tell(followed, 'ask');
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
