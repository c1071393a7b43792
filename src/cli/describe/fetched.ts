/** What came of the wish for a file: describe goes on without it and says so. */

import type { DownloadTargetKind } from '../../api/download-request.ts';
import { messageOf } from '../../lib/errors.ts';
import { downloadJson, FileNotFound, UnreadableFile } from '../download.ts';
import type { Session } from '../session.ts';
import type { TlsValues } from '../tls-flags.ts';

export type Fetched<T> =
  | { readonly state: 'ok'; readonly value: T }
  /** The store has no such file: an old backup, or one that is not finished. */
  | { readonly state: 'missing' }
  | { readonly state: 'failed'; readonly reason: string }
  /** The file came, but is not what it should be. */
  | { readonly state: 'unreadable'; readonly reason: string };

/** Fetches a JSON file of a backup or restore; never throws. */
export async function fetchJson<T>(
  session: Session,
  kind: DownloadTargetKind,
  name: string,
  tls: TlsValues,
): Promise<Fetched<T>> {
  try {
    return { state: 'ok', value: await downloadJson<T>(session, kind, name, tls) };
  } catch (error) {
    if (error instanceof FileNotFound) return { state: 'missing' };
    const state = error instanceof UnreadableFile ? 'unreadable' : 'failed';
    return { state, reason: messageOf(error) };
  }
}
