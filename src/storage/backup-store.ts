/** What one backup storage location holds, as operations on backups and restores (pkg/persistence/object_store.go of the original). */

import type { Readable } from 'node:stream';
import type { Backup } from '../api/backup.ts';
import {
  type BackupOperation,
  backupOperation,
  type RestoreOperation,
  restoreOperation,
} from '../api/documents/item-operation.ts';
import type { NativeSnapshot } from '../api/documents/native-snapshot.ts';
import { type ResourceList, sortResourceList } from '../api/documents/resource-list.ts';
import { type Result, type StoredResult, storedResults } from '../api/documents/result.ts';
import {
  type BackupVolumeInfo,
  backupVolumeInfo,
  type RestoreVolumeInfo,
  restoreVolumeInfo,
} from '../api/documents/volume-info.ts';
import type { DownloadTarget } from '../api/download-request.ts';
import { apiVersionOf, KINDS } from '../api/kinds.ts';
import type { KubeObject } from '../api/object.ts';
import type { PodVolumeBackup } from '../api/pod-volume-backup.ts';
import { kindToWire, readKind, toWire } from '../api/wire.ts';
import { aggregateMessage, Failure, messageOf } from '../lib/errors.ts';
import { goJson } from '../lib/go-json.ts';
import { goList } from '../lib/go-text.ts';
import { parseJson } from '../lib/json.ts';
import type { Logger } from '../lib/log.ts';
import { type BackupInfo, encodeBackupDocuments, wireList, withStoredKeys } from './backup-documents.ts';
import { type BackupFile, BackupLayout, type RestoreFile, TOP_LEVEL_DIRS } from './backup-layout.ts';
import { corruptDocument, decodeDocument, encodeDocument, readAll } from './documents.ts';
import type { ObjectBody, ObjectStore } from './object-store.ts';

/** How long a signed URL works, in milliseconds. */
const DOWNLOAD_URL_TTL_MS = 10 * 60 * 1000;

export interface BackupStoreOptions {
  store: ObjectStore;
  /** The same store with little patience, for {@link BackupStore.isValid}; `store` where absent. */
  probe?: ObjectStore;
  /** Of the location, without slashes at its ends. */
  prefix: string;
  log: Logger;
}

/**
 * One location. Every operation throws the store's Failures (store-errors.ts), and those that read a document also
 * `DOCUMENT_CORRUPT`; a name that cannot be part of a key gives `BAD_NAME`.
 */
export class BackupStore {
  /** For messages: `s3://bucket/prefix`. */
  readonly name: string;
  readonly #store: ObjectStore;
  readonly #probe: ObjectStore;
  readonly #layout: BackupLayout;
  readonly #log: Logger;

  constructor(options: BackupStoreOptions) {
    this.name = options.store.name;
    this.#store = options.store;
    this.#probe = options.probe ?? options.store;
    this.#layout = new BackupLayout(options.prefix);
    this.#log = options.log;
  }

  /** @throws Failure `STORE_LAYOUT` where other directories than a backup store's lie under the prefix */
  async isValid(signal?: AbortSignal): Promise<void> {
    const root = this.#layout.root;
    const dirs = await this.#probe.listCommonPrefixes(root, '/', signal);
    const invalid = dirs
      .map((dir) => dir.slice(root.length).replace(/\/$/, ''))
      .filter((dir) => !(TOP_LEVEL_DIRS as readonly string[]).includes(dir));
    if (invalid.length === 0) return;
    const message =
      invalid.length > 3
        ? `Backup store contains ${invalid.length} invalid top-level directories: ${goList([...invalid.slice(0, 3), '...'])}`
        : `Backup store contains invalid top-level directories: ${goList(invalid)}`;
    throw new Failure({
      code: 'STORE_LAYOUT',
      message,
      object: this.name,
      remedy: 'give the location a bucket, or a prefix in objectStorage.prefix, that nothing else uses',
    });
  }

  /** Names of all backups that have any file in the bucket; whether one is whole says {@link backupExists}. */
  async listBackups(signal?: AbortSignal): Promise<string[]> {
    const dir = this.#layout.dir('backups');
    const prefixes = await this.#store.listCommonPrefixes(dir, '/', signal);
    return prefixes.map((prefix) => prefix.slice(dir.length).replace(/\/$/, ''));
  }

  /**
   * Uploads a backup: the log first (its failure is only logged), then the metadata, the archive and the rest.
   * @throws the first failure; metadata and archive are then removed, so that nothing looks like a backup. Where a
   *   document cannot be encoded only the log and the pod volume backups are uploaded.
   */
  async putBackup(info: Readonly<BackupInfo>): Promise<void> {
    const { name } = info;
    const documents = await encodeBackupDocuments(info);
    if (info.log !== undefined) {
      try {
        await this.#putFile(name, 'log', info.log);
      } catch (error) {
        this.#log.error('Error uploading log file', { backup: name, error });
      }
    }
    if (documents.failures.length > 0) {
      const pods = documents.files.get('podVolumeBackups');
      if (pods !== undefined) await this.#putFile(name, 'podVolumeBackups', pods);
      throw aggregate(documents.failures);
    }
    if (info.metadata !== undefined) await this.putBackupMetadata(info.metadata, name);
    if (info.contents !== undefined) {
      try {
        await this.putBackupContents(name, info.contents, info.contentsSize);
      } catch (error) {
        throw await this.#afterRemoving(error, name, ['metadata']);
      }
    }
    for (const [file, bytes] of documents.files) {
      try {
        await this.#putFile(name, file, bytes);
      } catch (error) {
        throw await this.#afterRemoving(error, name, ['contents', 'metadata']);
      }
    }
  }

  async #putFile(name: string, file: BackupFile, body: ObjectBody, size?: number): Promise<void> {
    const key = this.#layout.backupKey(name, file);
    await this.#store.put(key, body, size === undefined ? {} : { size });
  }

  /** Removes files of a backup after a failure; what then fails too joins the failure. */
  async #afterRemoving(failure: unknown, name: string, files: readonly BackupFile[]): Promise<unknown> {
    const failures = [failure];
    for (const file of files) {
      try {
        await this.#store.delete(this.#layout.backupKey(name, file));
      } catch (error) {
        failures.push(error);
      }
    }
    return failures.length === 1 ? failure : aggregate(failures);
  }

  /** @param name of the backup; that of its metadata where absent */
  async putBackupMetadata(backup: Readonly<Backup>, name = backup.metadata.name ?? ''): Promise<void> {
    const text = goJson(kindToWire('Backup', backup), true);
    await this.#putFile(name, 'metadata', Buffer.from(text));
  }

  async putBackupContents(name: string, archive: ObjectBody, size?: number): Promise<void> {
    await this.#putFile(name, 'contents', archive, size);
  }

  async putBackupItemOperations(name: string, operations: readonly BackupOperation[]): Promise<void> {
    await this.#putFile(name, 'itemOperations', await encodeDocument(wireList(backupOperation, operations)));
  }

  async putBackupVolumeInfos(name: string, infos: readonly BackupVolumeInfo[]): Promise<void> {
    await this.#putFile(name, 'volumeInfos', await encodeDocument(wireList(backupVolumeInfo, infos)));
  }

  /** Whether `velero-backup.json` is there, which is what makes a backup. */
  async backupExists(name: string, signal?: AbortSignal): Promise<boolean> {
    return this.#store.exists(this.#layout.backupKey(name, 'metadata'), signal);
  }

  /** @throws Failure `OBJECT_NOT_FOUND`, `DOCUMENT_CORRUPT` */
  async getBackupMetadata(name: string, signal?: AbortSignal): Promise<Backup> {
    const key = this.#layout.backupKey(name, 'metadata');
    const where = `${this.name}: ${key}`;
    const bytes = await readAll(await this.#store.get(key, signal), where);
    let object: unknown;
    try {
      object = parseJson(bytes.toString('utf8'));
    } catch (error) {
      throw corruptDocument(where, messageOf(error), error);
    }
    const { kind, apiVersion, metadata } = (object ?? {}) as Partial<Backup>;
    if (kind !== 'Backup' || apiVersion !== 'velero.io/v1' || typeof metadata !== 'object') {
      throw corruptDocument(where, `unexpected type for ${key}: ${apiVersion ?? ''} ${kind ?? ''}`);
    }
    return readKind(object as Backup);
  }

  /** The archive as a stream, for `openArchive` or `scanArchive`. @throws Failure `OBJECT_NOT_FOUND` */
  async getBackupContents(name: string, signal?: AbortSignal): Promise<Readable> {
    return this.#store.get(this.#layout.backupKey(name, 'contents'), signal);
  }

  async getBackupVolumeSnapshots(name: string): Promise<NativeSnapshot[]> {
    return (await this.#backupList(name, 'volumeSnapshots')) as NativeSnapshot[];
  }

  async getPodVolumeBackups(name: string): Promise<PodVolumeBackup[]> {
    const list = await this.#backupList(name, 'podVolumeBackups');
    const { kind } = KINDS.PodVolumeBackup;
    const apiVersion = apiVersionOf(KINDS.PodVolumeBackup);
    // The original writes them without a kind.
    return list.map((item) => ({ ...(item as PodVolumeBackup), apiVersion, kind }));
  }

  async getBackupItemOperations(name: string): Promise<BackupOperation[]> {
    return (await this.#backupList(name, 'itemOperations')).map(withStoredKeys) as BackupOperation[];
  }

  async getBackupVolumeInfos(name: string): Promise<BackupVolumeInfo[]> {
    return (await this.#backupList(name, 'volumeInfos')) as BackupVolumeInfo[];
  }

  async getCsiVolumeSnapshots(name: string): Promise<KubeObject[]> {
    return (await this.#backupList(name, 'csiVolumeSnapshots')) as KubeObject[];
  }

  async getCsiVolumeSnapshotContents(name: string): Promise<KubeObject[]> {
    return (await this.#backupList(name, 'csiVolumeSnapshotContents')) as KubeObject[];
  }

  async getCsiVolumeSnapshotClasses(name: string): Promise<KubeObject[]> {
    return (await this.#backupList(name, 'csiVolumeSnapshotClasses')) as KubeObject[];
  }

  /** Removes archive and metadata, so that what is left no longer counts as a backup. */
  async deleteBackupArchive(name: string): Promise<void> {
    const keys = (['contents', 'metadata'] as const).map((file) => this.#layout.backupKey(name, file));
    await this.#deleteKeys(keys, `backup ${name}`);
  }

  /** Removes every object of a backup. @throws Failure `DELETE_INCOMPLETE` naming what could not be removed */
  async deleteBackup(name: string): Promise<void> {
    await this.#deleteAll(this.#layout.backupDir(name), `backup ${name}`);
  }

  async putRestoreLog(name: string, log: ObjectBody): Promise<void> {
    await this.#store.put(this.#layout.restoreKey(name, 'log'), log);
  }

  async putRestoreResults(name: string, results: { warnings: Result; errors: Result }): Promise<void> {
    await this.#putRestoreDocument(name, 'results', toWire(storedResults, results));
  }

  async putRestoredResourceList(name: string, list: Readonly<ResourceList>): Promise<void> {
    await this.#putRestoreDocument(name, 'resourceList', sortResourceList(list));
  }

  async putRestoreItemOperations(name: string, operations: readonly RestoreOperation[]): Promise<void> {
    await this.#putRestoreDocument(name, 'itemOperations', wireList(restoreOperation, operations));
  }

  async putRestoreVolumeInfo(name: string, infos: readonly RestoreVolumeInfo[]): Promise<void> {
    await this.#putRestoreDocument(name, 'volumeInfo', wireList(restoreVolumeInfo, infos));
  }

  async #putRestoreDocument(name: string, file: RestoreFile, value: unknown): Promise<void> {
    await this.#store.put(this.#layout.restoreKey(name, file), await encodeDocument(value));
  }

  async getRestoreItemOperations(name: string): Promise<RestoreOperation[]> {
    const list = await this.#list(this.#layout.restoreKey(name, 'itemOperations'));
    return list.map(withStoredKeys) as RestoreOperation[];
  }

  async getRestoreResults(name: string): Promise<{ warnings?: StoredResult; errors?: StoredResult }> {
    return (await this.#optional(this.#layout.restoreKey(name, 'results'))) ?? {};
  }

  async getRestoredResourceList(name: string): Promise<ResourceList> {
    const list = await this.#optional(this.#layout.restoreKey(name, 'resourceList'));
    return (list ?? {}) as ResourceList;
  }

  /** Removes every object of a restore. @throws Failure `DELETE_INCOMPLETE` */
  async deleteRestore(name: string): Promise<void> {
    await this.#deleteAll(this.#layout.restoreDir(name), `restore ${name}`);
  }

  /** A URL for anybody, good for ten minutes; whether the object exists is not checked. */
  async getDownloadUrl(target: Readonly<DownloadTarget>): Promise<string> {
    return this.#store.signedUrl(this.#layout.downloadKey(target), DOWNLOAD_URL_TTL_MS);
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  async #backupList(name: string, file: BackupFile): Promise<unknown[]> {
    return this.#list(this.#layout.backupKey(name, file));
  }

  /** A missing object, `null` and `[]` all mean an empty list. */
  async #list(key: string): Promise<unknown[]> {
    const value = await this.#optional(key);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw corruptDocument(`${this.name}: ${key}`, 'it is not a list');
    return value;
  }

  /** The document, or undefined where it is missing or `null`. */
  async #optional(key: string): Promise<object | undefined> {
    if (!(await this.#store.exists(key))) return undefined;
    const value = await decodeDocument(await this.#store.get(key), `${this.name}: ${key}`);
    if (value === null) return undefined;
    if (typeof value !== 'object')
      throw corruptDocument(`${this.name}: ${key}`, 'it is neither a list nor an object');
    return value;
  }

  async #deleteAll(dir: string, object: string): Promise<void> {
    const keys: string[] = [];
    for await (const info of this.#store.list(dir)) keys.push(info.key);
    await this.#deleteKeys(keys, object);
  }

  /** Goes on after a failure. Keys that stand for directories, which some stores keep, go last. */
  async #deleteKeys(keys: readonly string[], object: string): Promise<void> {
    const failures: unknown[] = [];
    const remove = async (key: string) => {
      this.#log.debug('Trying to delete object', { key });
      await this.#store.delete(key).catch((error: unknown) => failures.push(error));
    };
    const files = keys.filter((key) => !key.endsWith('/'));
    for (let at = 0; at < files.length; at += 8) await Promise.all(files.slice(at, at + 8).map(remove));
    for (const key of keys.filter((each) => each.endsWith('/')).toReversed()) await remove(key);
    if (failures.length === 0) return;
    throw new Failure({
      code: 'DELETE_INCOMPLETE',
      message: aggregateMessage(failures.map(messageOf)),
      object: `${object} in ${this.name}`,
      remedy: 'delete it again once the store can be reached and lets objects be deleted',
      cause: new AggregateError(failures),
    });
  }
}

function aggregate(failures: readonly unknown[]): Error {
  const first = failures.find((failure) => failure instanceof Failure);
  const message = aggregateMessage(failures.map(messageOf));
  const cause = new AggregateError(failures, message);
  if (first === undefined) return cause;
  return new Failure({ code: first.code, message, object: first.object, remedy: first.remedy, cause });
}
