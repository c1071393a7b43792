/**
 * The way Go writes an object: keys in the order of the struct, maps sorted, empty values left out or kept as the
 * tags of the original's structs say. Whoever writes a custom resource or a document into the bucket goes through
 * here, so that the real Velero and everything that compares texts finds what it expects.
 */

import { formatDuration, parseDuration } from '../lib/duration.ts';
import { DEFINITIONS } from './definitions.ts';
import type { KindName } from './kinds.ts';
import type { KubeObject } from './object.ts';
import { type Structural, structural, type TSchema } from './schema.ts';

type Fields = Record<string, unknown>;

/**
 * A value with the keys, order and omissions of Go's encoding/json. Fields without a definition follow the known
 * ones. The value given is left as it is.
 */
export function toWire(schema: TSchema, value: unknown): unknown {
  return encode(structural(schema), value);
}

/**
 * A custom resource as Go writes it, with `spec` and `status` always present.
 * @param kind by whose definition the object is written
 */
export function kindToWire(kind: KindName, object: Readonly<KubeObject>): KubeObject {
  const { properties } = DEFINITIONS[kind].schema;
  const { kind: name, apiVersion, metadata, spec, status, ...rest } = object;
  return {
    ...(name === undefined ? {} : { kind: name }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    metadata: metadataToWire(metadata ?? {}),
    spec: encode(properties?.['spec'] ?? {}, spec ?? {}),
    status: encode(properties?.['status'] ?? {}, status ?? {}),
    ...rest,
  } as KubeObject;
}

/** An object as it came from a cluster or a file, with `spec` and `status` present whatever it said. */
export function readKind<T extends KubeObject & { spec?: object; status?: object }>(
  object: T,
): T & { spec: NonNullable<T['spec']>; status: NonNullable<T['status']> } {
  return { ...object, spec: object.spec ?? {}, status: object.status ?? {} };
}

/** Order of ObjectMeta's fields. */
const METADATA = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];

/** ObjectMeta of any object in the order of its Go struct. */
export function metadataToWire(metadata: Readonly<Fields>): Fields {
  const out: Fields = {};
  for (const name of METADATA) {
    const value = metadata[name];
    if (name === 'creationTimestamp') out[name] = value ?? null;
    // A pointer in Go: an object that is to be deleted at once says 0.
    else if (!isEmpty(value) || (name === 'deletionGracePeriodSeconds' && value === 0)) {
      out[name] = metadataField(name, value);
    }
  }
  for (const [name, value] of Object.entries(metadata)) {
    if (!METADATA.includes(name)) out[name] = value;
  }
  return out;
}

/** Order of the fields of ObjectMeta's own lists. */
const METADATA_LISTS: Readonly<Record<string, readonly string[]>> = {
  ownerReferences: ['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion'],
  managedFields: ['manager', 'operation', 'apiVersion', 'time', 'fieldsType', 'fieldsV1', 'subresource'],
};

function metadataField(name: string, value: unknown): unknown {
  if (name === 'labels' || name === 'annotations') return sorted(value as Fields);
  const order = METADATA_LISTS[name];
  if (order === undefined || !Array.isArray(value)) return value;
  return value.map((entry: unknown) => {
    if (!isFields(entry)) return entry;
    const known = order.filter((field) => entry[field] !== undefined).map((field) => [field, entry[field]]);
    return { ...Object.fromEntries(known), ...entry };
  });
}

function encode(schema: Structural, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (schema.go?.duration === true && typeof value === 'string') return durationToWire(value);
  if (schema.format === 'date-time' && typeof value === 'string') return timeToWire(value);
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => encode(items, item));
  }
  if (!isFields(value)) return value;
  if (schema.properties !== undefined) return encodeStruct(schema, schema.properties, value);
  const { additionalProperties } = schema;
  if (additionalProperties === undefined) return value;
  return Object.fromEntries(
    Object.entries(sorted(value)).map(([name, entry]) => [name, encode(additionalProperties, entry)]),
  );
}

function encodeStruct(
  schema: Structural,
  properties: Record<string, Structural>,
  value: Readonly<Fields>,
): Fields {
  const out: Fields = {};
  for (const [name, field] of Object.entries(properties)) {
    const given = value[name];
    const written =
      given === null || given === undefined
        ? absent(field, schema.required?.includes(name) === true)
        : encode(field, given);
    if (written === undefined) continue;
    if (
      given !== undefined &&
      given !== null &&
      leftOut(field, schema.required?.includes(name) === true, given)
    )
      continue;
    out[name] = written;
  }
  for (const [name, given] of Object.entries(value)) {
    if (!(name in properties) && given !== undefined) out[name] = given;
  }
  return out;
}

/** What Go writes for a field that holds nothing; undefined where it writes nothing. */
function absent(field: Structural, required: boolean): unknown {
  const { pointer, always, duration } = field.go ?? {};
  if (pointer === true) return always === true || required ? null : undefined;
  if (duration === true) return '0s';
  if (field.type === 'object' && field.properties !== undefined) return encode(field, {});
  return required || always === true ? zero(field) : undefined;
}

function zero(field: Structural): unknown {
  if (field.type === 'string') return field.format === 'date-time' ? null : '';
  if (field.type === 'integer' || field.type === 'number') return 0;
  return field.type === 'boolean' ? false : null;
}

function leftOut(field: Structural, required: boolean, value: unknown): boolean {
  const { pointer, always, duration } = field.go ?? {};
  if (required || pointer === true || always === true || duration === true) return false;
  return (field.properties === undefined || field.type !== 'object') && isEmpty(value);
}

/** What `omitempty` leaves out: absent, "", 0, false, and empty lists and maps. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isFields(value) && Object.keys(value).length === 0;
}

/** Lengths of time are structs in Go and come out in its own spelling. */
function durationToWire(text: string): string {
  const ms = text === '' ? 0 : parseDuration(text);
  return ms === undefined ? text : formatDuration(ms);
}

const CANONICAL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** Times come out in UTC, cut to the second. */
function timeToWire(text: string): string {
  if (CANONICAL_TIME.test(text)) return text;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? text : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function sorted(value: Readonly<Fields>): Fields {
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Numbers beyond 2^53 are raw JSON objects (lib/json.ts): values, not structs. */
function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}
