/** What commands that change several objects share: finding them, and going on where one fails. */

import type { LabelSelector } from '../api/core/references.ts';
import { type KindName, KINDS } from '../api/kinds.ts';
import type { KubeObject } from '../api/object.ts';
import { isAlreadyExists, isNotFound } from '../kube/errors.ts';
import { aggregateMessage, Failure, messageOf } from '../lib/errors.ts';
import { getObject, listObjects, selectorOf } from './objects.ts';
import type { Session } from './session.ts';

/** Errors of single objects; all are told at the end, as Kubernetes' aggregates are. */
export class Errors {
  readonly #errors: unknown[] = [];

  get messages(): readonly string[] {
    return this.#errors.map(messageOf);
  }

  add(error: unknown): void {
    this.#errors.push(error);
  }

  /** Runs work and keeps its error. @returns whether it succeeded */
  async collect(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.add(error);
      return false;
    }
  }

  /** True where nothing worse happened than that objects do not exist. */
  get onlyMissing(): boolean {
    return this.#errors.every(isNotFound);
  }

  /** @throws the only error as it is, or several as one */
  throwIfAny(): void {
    if (this.#errors.length === 0) return;
    if (this.#errors.length === 1) throw this.#errors[0];
    throw new Failure({ code: 'SEVERAL', message: aggregateMessage(this.messages) });
  }
}

export interface FindWish {
  allNamespaces?: boolean;
}

/** The named objects that exist, or those that a selector matches; what is missing goes to the errors. */
export async function findSelected<T extends KubeObject>(
  session: Session,
  kind: KindName,
  names: readonly string[],
  selector: LabelSelector | undefined,
  errors: Errors,
  { allNamespaces = false }: FindWish = {},
): Promise<T[]> {
  const found: T[] = [];
  if (names.length === 0) {
    await errors.collect(async () => {
      const listed = await listObjects<T>(session, kind, { selector: selectorOf(selector), allNamespaces });
      found.push(...listed.objects);
    });
    return found;
  }
  for (const name of names) {
    await errors.collect(async () => {
      found.push(await getObject<T>(session, kind, name));
    });
  }
  return found;
}

/**
 * Says that there is nothing to do: where names do not exist that is no failure, as in the original, so that scripts
 * may delete twice. Other errors are told, which the original hides here.
 */
export async function reportNothing(session: Session, noun: string, errors: Errors): Promise<void> {
  if (!errors.onlyMissing) errors.throwIfAny();
  await session.print(`No ${noun}s found`);
}

const NAME_TRIES = 5;

/** Creates an object with `generateName`; a name that is taken by chance is tried again (pkg/client/retry.go). */
export async function createWithGeneratedName<T extends KubeObject>(
  session: Session,
  kind: KindName,
  object: KubeObject,
): Promise<T> {
  const kube = await session.kube();
  for (let tries = 1; ; tries++) {
    try {
      return await kube.create<T>(KINDS[kind], object, session.namespace);
    } catch (error) {
      if (!isAlreadyExists(error) || tries >= NAME_TRIES) throw error;
    }
  }
}
