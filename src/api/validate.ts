/**
 * Checks a manifest as the API server would with our CRDs, so that a mistake is told before anything is sent, and
 * with what is allowed instead.
 */

import { DEFINITIONS } from './definitions.ts';
import { apiVersionOf, type KindName } from './kinds.ts';
import type { Structural } from './schema.ts';

export interface Problem {
  /** E.g. `spec.hooks.resources[0].name`; empty for the object as a whole. */
  path: string;
  /** What is wrong with the value there. */
  problem: string;
  /** What may stand there. */
  allowed: string;
}

export interface ValidateOptions {
  /** Also report what the API server would drop: fields that no definition knows, and faults in a dropped status. */
  strict?: boolean;
}

type Fields = Record<string, unknown>;

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAME_LIMIT = 253;

/**
 * Everything that is wrong with `object` as a manifest of `kind`; an empty list where the API server would take it.
 * Never throws, whatever the object is.
 */
export function validate(kind: KindName, object: unknown, options: ValidateOptions = {}): Problem[] {
  const definition = DEFINITIONS[kind];
  const problems: Problem[] = [];
  if (!isFields(object)) {
    problems.push({ path: '', problem: `is ${nameOf(object)}`, allowed: 'an object' });
    return problems;
  }
  const apiVersion = apiVersionOf(definition);
  expectText(problems, 'apiVersion', object['apiVersion'], apiVersion);
  expectText(problems, 'kind', object['kind'], kind);
  checkMetadata(problems, object['metadata']);
  const strict = options.strict === true;
  const {
    apiVersion: _version,
    kind: _kind,
    metadata: _metadata,
    ...properties
  } = definition.schema.properties ?? {};
  const { apiVersion: _v, kind: _k, metadata: _m, ...rest } = object;
  // Where the status is a subresource, the one in a manifest is dropped before its values are looked at.
  const dropped = definition.subresources?.status !== undefined && !strict;
  const { status: _status, ...withoutStatus } = rest;
  checkValue(problems, { ...definition.schema, properties }, dropped ? withoutStatus : rest, '', strict);
  return problems;
}

/** One line about a problem: `spec.ttl: is a number; allowed: a text`. */
export function describeProblem(problem: Problem): string {
  return `${problem.path === '' ? 'the object' : problem.path}: ${problem.problem}; allowed: ${problem.allowed}`;
}

function expectText(problems: Problem[], path: string, value: unknown, wanted: string): void {
  if (value === wanted) return;
  problems.push({
    path,
    problem: value === undefined ? 'is missing' : `is ${show(value)}`,
    allowed: show(wanted),
  });
}

function checkMetadata(problems: Problem[], metadata: unknown): void {
  if (!isFields(metadata)) {
    const problem = metadata === undefined ? 'is missing' : `is ${nameOf(metadata)}`;
    problems.push({ path: 'metadata', problem, allowed: 'an object with a name' });
    return;
  }
  const { name, generateName } = metadata;
  if (name === undefined || name === '') {
    if (typeof generateName === 'string' && generateName !== '') return;
    problems.push({
      path: 'metadata.name',
      problem: 'is missing',
      allowed: 'a name, or metadata.generateName',
    });
  } else if (typeof name !== 'string' || name.length > NAME_LIMIT || !NAME.test(name)) {
    problems.push({
      path: 'metadata.name',
      problem: `is ${show(name)}`,
      allowed: `lower-case letters, digits, "-" and ".", at most ${NAME_LIMIT}, beginning and ending with a letter or digit`,
    });
  }
}

function checkValue(
  problems: Problem[],
  schema: Structural,
  value: unknown,
  path: string,
  strict: boolean,
): void {
  if (value === null) {
    if (schema.nullable !== true) problems.push({ path, problem: 'is null', allowed: allowedBy(schema) });
    return;
  }
  if (!typeFits(schema, value)) {
    problems.push({ path, problem: `is ${nameOf(value)}`, allowed: allowedBy(schema) });
    return;
  }
  if (schema.enum !== undefined && !schema.enum.includes(value as string)) {
    problems.push({ path, problem: `is ${show(value)}`, allowed: allowedBy(schema) });
  }
  if (typeof value === 'string') checkText(problems, schema, value, path);
  else if (typeof value === 'number') checkNumber(problems, schema, value, path);
  else if (Array.isArray(value)) checkList(problems, schema, value, path, strict);
  else if (isFields(value)) checkObject(problems, schema, value, path, strict);
}

function checkObject(
  problems: Problem[],
  schema: Structural,
  value: Fields,
  path: string,
  strict: boolean,
): void {
  const { properties = {}, additionalProperties } = schema;
  for (const name of schema.required ?? []) {
    // The API server drops a null where null is not allowed, and then misses the field.
    const field = properties[name];
    const given = value[name];
    if (given === undefined || (given === null && field?.nullable !== true)) {
      problems.push({ path: join(path, name), problem: 'is missing', allowed: allowedBy(field ?? {}) });
    }
  }
  for (const [name, given] of Object.entries(value)) {
    const field = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    if (field === undefined) {
      if (strict && schema['x-kubernetes-preserve-unknown-fields'] !== true) {
        problems.push({
          path: join(path, name),
          problem: 'is not a known field',
          allowed: Object.keys(properties).sort().join(', ') || 'no fields',
        });
      }
      continue;
    }
    if (given === undefined || (given === null && field.nullable !== true)) continue;
    checkValue(problems, field, given, join(path, name), strict);
  }
}

function checkList(
  problems: Problem[],
  schema: Structural,
  value: unknown[],
  path: string,
  strict: boolean,
): void {
  const { items, minItems } = schema;
  if (minItems !== undefined && value.length < minItems) {
    problems.push({ path, problem: `has ${value.length} items`, allowed: `at least ${minItems}` });
  }
  if (items !== undefined) {
    for (const [index, item] of value.entries())
      checkValue(problems, items, item, `${path}[${index}]`, strict);
  }
  const keys = schema['x-kubernetes-list-map-keys'];
  if (keys === undefined) return;
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const key = JSON.stringify(keys.map((name) => (isFields(item) ? item[name] : undefined)));
    if (seen.has(key)) {
      problems.push({
        path: `${path}[${index}]`,
        problem: `repeats ${keys.join(', ')}`,
        allowed: 'each once',
      });
    }
    seen.add(key);
  }
}

function checkText(problems: Problem[], schema: Structural, value: string, path: string): void {
  const { minLength, maxLength, pattern, format } = schema;
  const length = minLength === undefined && maxLength === undefined ? 0 : codePoints(value);
  if (minLength !== undefined && length < minLength) {
    problems.push({ path, problem: `has ${length} characters`, allowed: `at least ${minLength}` });
  }
  if (maxLength !== undefined && length > maxLength) {
    problems.push({ path, problem: `has ${length} characters`, allowed: `at most ${maxLength}` });
  }
  if (pattern !== undefined && !new RegExp(pattern).test(value)) {
    problems.push({ path, problem: `is ${show(value)}`, allowed: `a text that matches ${pattern}` });
  }
  if (format === 'date-time' && !isDateTime(value)) {
    problems.push({ path, problem: `is ${show(value)}`, allowed: 'a time such as 2006-01-02T15:04:05Z' });
  }
  if (format === 'byte' && !isBase64(value)) {
    problems.push({ path, problem: 'is not base64', allowed: 'bytes in base64' });
  }
}

/** Characters as the API server counts them: one for a wide character, which JavaScript keeps in two halves. */
function codePoints(value: string): number {
  let halves = 0;
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index);
    if (unit >= 0xdc00 && unit <= 0xdfff) halves++;
  }
  return value.length - halves;
}

function checkNumber(problems: Problem[], schema: Structural, value: number, path: string): void {
  const { minimum, maximum } = schema;
  if (minimum !== undefined && value < minimum) {
    problems.push({ path, problem: `is ${value}`, allowed: `at least ${minimum}` });
  }
  if (maximum !== undefined && value > maximum) {
    problems.push({ path, problem: `is ${value}`, allowed: `at most ${maximum}` });
  }
}

function typeFits(schema: Structural, value: unknown): boolean {
  if (schema.anyOf !== undefined) return schema.anyOf.some((choice) => typeFits(choice, value));
  switch (schema.type) {
    case 'object':
      return isFields(value);
    case 'array':
      return Array.isArray(value);
    case 'string':
    case 'boolean':
      return typeof value === schema.type;
    case 'integer':
      return Number.isInteger(value) || JSON.isRawJSON(value);
    case 'number':
      return typeof value === 'number' || JSON.isRawJSON(value);
    default:
      return true;
  }
}

function allowedBy(schema: Structural): string {
  const words = typeWords(schema);
  return schema.nullable === true ? `${words} or null` : words;
}

/** What may stand at a place, in words: `a text`, `true or false`, `"A", "B"`. */
export function typeWords(schema: Structural): string {
  if (schema.enum !== undefined) return schema.enum.map(show).join(', ');
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeWords).join(' or ');
  if (schema.go?.duration === true) return 'a length of time such as "1h30m"';
  if (schema.format === 'date-time') return 'a time such as 2006-01-02T15:04:05Z';
  if (schema.type === 'array' && schema.items?.type === 'string') return 'a list of texts';
  return schema.type === undefined ? 'anything' : TYPE_WORDS[schema.type];
}

const TYPE_WORDS = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
} as const;

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function isDateTime(value: string): boolean {
  return DATE_TIME.test(value) && !Number.isNaN(Date.parse(value));
}

function isBase64(value: string): boolean {
  return value !== '' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'boolean') return `${value}`;
  if (typeof value === 'number') return `the number ${value}`;
  return isFields(value) ? 'an object' : 'a number';
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** Numbers beyond 2^53 are raw JSON objects (lib/json.ts): values, not objects. */
function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}
