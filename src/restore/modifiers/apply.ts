/** Applies resource modifiers to one item (internal/resourcemodifiers of the original). */

import type { KubeObject } from '../../api/object.ts';
import { IncludesExcludes } from '../../filter/includes-excludes.ts';
import { compileLabelSelector } from '../../filter/selector.ts';
import { Failure, messageOf } from '../../lib/errors.ts';
import { compileGlob } from '../../lib/glob.ts';
import { compileGoRegExp } from '../../lib/go-regexp.ts';
import { applyJsonPatch, type JsonPatchOperation, JsonPatchTestFailed } from '../../lib/json-patch.ts';
import { parseJson } from '../../lib/json.ts';
import type { Logger } from '../../lib/log.ts';
import { applyMergePatch } from '../../lib/merge-patch.ts';
import { parseYaml } from '../../lib/yaml.ts';
import type { ModifierConditions, ResourceModifierRule, ResourceModifiers } from './modifiers.ts';
import { patchText } from './patch-text.ts';
import { applyStrategicPatch } from './strategic.ts';

/**
 * Applies every rule whose conditions hold for the item as it was given. A rule that fails leaves the item as it was
 * before that rule and does not stop the others.
 * @param object with its original namespace; not changed
 */
export function applyModifiers(
  object: KubeObject,
  groupResource: string,
  modifiers: ResourceModifiers,
  log: Logger,
): { object: KubeObject; errors: string[] } {
  const errors: string[] = [];
  let current = object;
  for (const rule of modifiers.resourceModifierRules) {
    try {
      if (!matches(object, groupResource, rule.conditions, log)) continue;
      const { namespace = '', name = '' } = object.metadata;
      log.info(`Applying resource modifier patch on ${namespace}/${name}`);
      current = applyRule(current, rule, log);
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  return { object: current, errors };
}

/** @throws Failure where a condition is malformed */
function matches(
  object: KubeObject,
  groupResource: string,
  conditions: ModifierConditions,
  log: Logger,
): boolean {
  const { namespace = '', name = '', labels = {} } = object.metadata;
  if (namespace !== '' && !new IncludesExcludes(conditions.namespaces, []).shouldInclude(namespace)) {
    return false;
  }
  const glob = compileGlob(conditions.groupResource, '.');
  if (!glob) {
    throw new Failure({
      code: 'RESOURCE_MODIFIERS_GLOB',
      message: `bad glob pattern of groupResource in condition: ${conditions.groupResource}`,
    });
  }
  if (!glob(groupResource)) return false;
  if (conditions.resourceNameRegex && !compileRegex(conditions.resourceNameRegex).test(name)) return false;
  if (conditions.labelSelector) {
    try {
      if (!compileLabelSelector(conditions.labelSelector)(labels)) return false;
    } catch (error) {
      throw new Failure({
        code: 'RESOURCE_MODIFIERS_SELECTOR',
        message: `error in creating label selector ${messageOf(error)}`,
        cause: error,
      });
    }
  }
  if (testsHold(object, conditions)) return true;
  log.info('Conditions do not match, skip it');
  return false;
}

function compileRegex(source: string): RegExp {
  try {
    return compileGoRegExp(source);
  } catch (error) {
    throw new Failure({
      code: 'RESOURCE_MODIFIERS_REGEX',
      message: `error in matching regex ${messageOf(error)}`,
      cause: error,
    });
  }
}

function testsHold(object: KubeObject, conditions: ModifierConditions): boolean {
  const tests = conditions.matches ?? [];
  if (tests.length === 0) return true;
  if (tests.some((test) => test.path === '')) {
    throw new Failure({ code: 'RESOURCE_MODIFIERS_PATH', message: 'path is required for match rule' });
  }
  const patches = tests.map(({ path, value }) => ({ operation: 'test', from: '', path, value }));
  try {
    applyJsonPatch(object, decodePatches(patches));
    return true;
  } catch (error) {
    if (error instanceof JsonPatchTestFailed) return false;
    throw error;
  }
}

function decodePatches(patches: ResourceModifierRule['patches']): JsonPatchOperation[] {
  try {
    return parseJson(patchText(patches)) as JsonPatchOperation[];
  } catch (error) {
    throw new Failure({
      code: 'RESOURCE_MODIFIERS_JSON_PATCH',
      message: `error in decoding json patch ${messageOf(error)}`,
      remedy: 'values are inserted as they are: escape quotes and backslashes, write true, not True',
      cause: error,
    });
  }
}

/** @throws Failure `no patch data found`, `error in applying patch …` */
function applyRule(object: KubeObject, rule: ResourceModifierRule, log: Logger): KubeObject {
  const { patches, mergePatches, strategicPatches } = rule;
  if (patches.length + mergePatches.length + strategicPatches.length === 0) {
    throw new Failure({ code: 'RESOURCE_MODIFIERS_EMPTY', message: 'no patch data found' });
  }
  try {
    if (patches.length > 0) return jsonPatched(object, patches, log);
    if (mergePatches.length > 0) return mergePatched(object, mergePatches);
    return strategicPatches.reduce(
      (patched, { patchData }) => applyStrategicPatch(patched, toJson(patchData)),
      object,
    );
  } catch (error) {
    throw new Failure({
      code: 'RESOURCE_MODIFIERS_PATCH',
      message: `error in applying patch ${messageOf(error)}`,
      cause: error,
    });
  }
}

function jsonPatched(object: KubeObject, patches: ResourceModifierRule['patches'], log: Logger): KubeObject {
  try {
    return asObject(applyJsonPatch(object, decodePatches(patches)));
  } catch (error) {
    if (error instanceof JsonPatchTestFailed) {
      log.info(`Test operation failed for JSON Patch ${error.message}`);
      return object;
    }
    throw new Failure({
      code: 'RESOURCE_MODIFIERS_JSON_PATCH',
      message: `error in applying JSON Patch ${messageOf(error)}`,
      cause: error,
    });
  }
}

function mergePatched(object: KubeObject, patches: ResourceModifierRule['mergePatches']): KubeObject {
  let patched: unknown = object;
  for (const { patchData } of patches) {
    const patch = toJson(patchData);
    if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
      throw new Failure({
        code: 'RESOURCE_MODIFIERS_MERGE_PATCH',
        message: 'error in applying JSON Patch: Invalid JSON Patch',
      });
    }
    patched = applyMergePatch(patched, patch);
  }
  return asObject(patched);
}

/** @throws Failure `error in converting YAML to JSON …` */
function toJson(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new Failure({
      code: 'RESOURCE_MODIFIERS_YAML',
      message: `error in converting YAML to JSON ${messageOf(error)}`,
      cause: error,
    });
  }
}

/** What a patch made of an object must still be one. */
function asObject(value: unknown): KubeObject {
  const kind = (value as Partial<KubeObject> | null)?.kind;
  if (typeof kind === 'string' && kind !== '') return value as KubeObject;
  throw new Failure({
    code: 'RESOURCE_MODIFIERS_KIND',
    message: "error in unmarshalling modified object Object 'Kind' is missing",
  });
}
