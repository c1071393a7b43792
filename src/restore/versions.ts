/**
 * Which API version of each resource is restored, where the feature `EnableAPIGroupVersions` is on
 * (pkg/restore/prioritize_group_version.go of the original).
 */

import { isNotFound } from '../kube/errors.ts';
import { wrap } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Discovery } from '../kube/contract.ts';
import type { Archive, ArchiveVersion } from '../storage/archive/reader.ts';
import type { RestoreRequest } from './request.ts';
import { CONFIG_MAPS } from '../kube/built-in.ts';
import { splitGroupResource } from './transform.ts';

export const VERSIONS_FEATURE = 'EnableAPIGroupVersions';
const CONFIG_MAP = 'enableapigroupversions';
const KEY = 'restoreResourcesVersionPriority';

/**
 * Chooses for every resource in the backup.
 * @returns group resource → version; empty where the feature is off or the backup too old for it
 * @throws the API's error where the user's list cannot be read
 */
export async function chooseVersions(request: RestoreRequest): Promise<ReadonlyMap<string, string>> {
  const { archive, backup, settings, kube, log } = request;
  const chosen = new Map<string, string>();
  const format = backup.status?.formatVersion ?? '';
  if (!settings.features.has(VERSIONS_FEATURE) || format < '1.1.0') return chosen;
  const user = await userPriorities(request);
  for (const groupResource of archive.groupResources()) {
    const version = chooseVersion(groupResource, archive, kube.discovery, user);
    if (version !== undefined) {
      log.debug(`Chose API version ${version} of ${groupResource} to restore`);
      chosen.set(groupResource, version);
    }
  }
  return chosen;
}

/** @returns undefined where the backup holds no version directories of this resource */
export function chooseVersion(
  groupResource: string,
  archive: Pick<Archive, 'versions'>,
  discovery: Pick<Discovery, 'versions'>,
  user: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const backedUp = archive.versions(groupResource);
  const sourcePreferred = backedUp.find((version) => version.preferred)?.version;
  if (sourcePreferred === undefined) return undefined;
  const [, group] = splitGroupResource(groupResource);
  const [targetPreferred, ...targetOthers] = discovery.versions(group);
  if (targetPreferred === undefined) return sourcePreferred;
  const target = [targetPreferred, ...targetOthers];
  const source = backedUp.map((version: ArchiveVersion) => version.version);

  const wanted = user
    .get(groupResource)
    ?.find((version) => target.includes(version) && source.includes(version));
  if (wanted !== undefined) return wanted;
  if (source.includes(targetPreferred)) return targetPreferred;
  if (target.includes(sourcePreferred)) return sourcePreferred;
  // The newest of each side counts as its preferred one and was looked at above.
  const restOfSource = source.toSorted(byKubeVersion).slice(1);
  const common = target
    .toSorted(byKubeVersion)
    .slice(1)
    .find((version) => restOfSource.includes(version));
  return common ?? sourcePreferred;
}

async function userPriorities(request: RestoreRequest): Promise<ReadonlyMap<string, readonly string[]>> {
  const { kube, settings, signal, log } = request;
  try {
    const configMap = await kube.get(CONFIG_MAPS, CONFIG_MAP, settings.namespace, signal);
    const data = (configMap['data'] ?? {}) as Record<string, string>;
    return parseUserPriorities(data[KEY] ?? '', log);
  } catch (error) {
    if (isNotFound(error)) {
      log.debug(
        'No enableapigroupversion config map found in velero namespace. Using pre-defined priorities.',
      );
      return new Map();
    }
    throw wrap(error, `getting ${CONFIG_MAP} config map from velero namespace`);
  }
}

/** Reads lines `<resource.group>=<v1>,<v2>`; lines that are not so are left out with a debug message. */
export function parseUserPriorities(text: string, log: Logger): Map<string, readonly string[]> {
  const priorities = new Map<string, readonly string[]>();
  for (const raw of text.split('\n')) {
    const line = raw.replaceAll(' ', '');
    if (line === '') continue;
    const fault = userPriorityFault(line);
    if (fault !== undefined) {
      log.debug(`Unable to validate user priority versions ${JSON.stringify(line)} due to ${fault}`);
      continue;
    }
    const [resource, versions] = line.split('=') as [string, string];
    priorities.set(resource, versions.split(','));
  }
  return priorities;
}

/** What is wrong with a line, in the original's words. */
export function userPriorityFault(line: string): string | undefined {
  const parts = line.split('=');
  if (parts.length !== 2) return 'line must have one and only one equal sign';
  if (parts[0] === '' || parts[1] === '') {
    return 'line must contain at least one character before and after equal sign';
  }
  return undefined;
}

/** Kubernetes' order of versions, best first: `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha1`, then the rest by name. */
export function byKubeVersion(a: string, b: string): number {
  const left = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(a);
  const right = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(b);
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0;
  const stage = (match: RegExpExecArray) => (match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0);
  return (
    stage(right) - stage(left) ||
    Number(right[1]) - Number(left[1]) ||
    Number(right[3] ?? 0) - Number(left[3] ?? 0)
  );
}
