/**
 * The words in which every custom resource is defined. One definition gives the static type (through typebox), the
 * CRD manifest (crd.ts), the check of a manifest (validate.ts) and the way Go writes the object (wire.ts). Only what
 * a structural schema of Kubernetes can say is sayable here.
 *
 * Properties stand in the order of the original's Go struct, because that is the order of the keys in its JSON.
 */

import {
  type Static,
  type TObject,
  type TOptional,
  type TProperties,
  type TSchema,
  type TUnsafe,
  Type,
} from 'typebox';

export type { Static, TSchema };

/** How a schema looks to those who walk it. */
export interface Structural {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  format?: string;
  description?: string;
  enum?: readonly (string | number)[];
  nullable?: boolean;
  default?: unknown;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  properties?: Record<string, Structural>;
  required?: string[];
  items?: Structural;
  additionalProperties?: Structural;
  anyOf?: Structural[];
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-map-type'?: 'atomic' | 'granular';
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: string[];
  /** Never part of the manifest: what Go does with the field where it holds nothing, see wire.ts. */
  go?: GoField;
}

/**
 * `pointer`: left out only where it is absent. `always`: written even when empty. Without a mark: strings, numbers,
 * booleans, lists and maps disappear when empty, structs and durations never do. On the schema itself: `duration`.
 */
export interface GoField {
  pointer?: true;
  always?: true;
  duration?: true;
}

/** The plain view of a schema. */
export function structural(schema: TSchema): Structural {
  return schema;
}

function copy(schema: TSchema, more: Structural): TSchema {
  const before = structural(schema);
  const go = more.go === undefined ? before.go : { ...before.go, ...more.go };
  return { ...before, ...more, ...(go === undefined ? {} : { go }) };
}

function make<T>(schema: Structural): TUnsafe<T> {
  return schema as unknown as TUnsafe<T>;
}

/** A text without rules. */
export function text(description: string, more: Structural = {}): TUnsafe<string> {
  return make({ type: 'string', description, ...more });
}

/** One of a fixed set of words. */
export function oneOf<const Words extends readonly string[]>(
  description: string,
  words: Words,
): TUnsafe<Words[number]> {
  return make({ type: 'string', description, enum: words });
}

/** A free text of which only some words are known by name; the schema accepts any. */
export function word<Words extends string>(description: string): TUnsafe<Words> {
  return make({ type: 'string', description });
}

export function flag(description: string): TUnsafe<boolean> {
  return make({ type: 'boolean', description });
}

export function count(
  description: string,
  format?: 'int32' | 'int64',
  more: Structural = {},
): TUnsafe<number> {
  return make({ type: 'integer', description, ...(format === undefined ? {} : { format }), ...more });
}

/** RFC 3339 at second precision. */
export function time(description: string): TUnsafe<string> {
  return make({ type: 'string', format: 'date-time', description });
}

/** A length of time in Go's notation, e.g. `10m0s`. */
export function duration(description: string): TUnsafe<string> {
  return make({ type: 'string', description, go: { duration: true } });
}

/** Bytes as base64. */
export function bytes(description: string): TUnsafe<string> {
  return make({ type: 'string', format: 'byte', description });
}

export function texts(description: string, more: Structural = {}): TUnsafe<string[]> {
  return make({ type: 'array', description, items: { type: 'string' }, ...more });
}

export function list<Item extends TSchema>(
  description: string,
  item: Item,
  more: Structural = {},
): TUnsafe<Static<Item>[]> {
  return make({ type: 'array', description, items: structural(item), ...more });
}

/** Texts by name. */
export function textMap(description: string): TUnsafe<Record<string, string>> {
  return make({ type: 'object', description, additionalProperties: { type: 'string' } });
}

export function map<Value extends TSchema>(
  description: string,
  value: Value,
): TUnsafe<Record<string, Static<Value>>> {
  return make({ type: 'object', description, additionalProperties: structural(value) });
}

/** A number or a text, as `IntOrString` and quantities are. */
export function intOrString(description: string, more: Structural = {}): TUnsafe<number | string> {
  return make({
    description,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    'x-kubernetes-int-or-string': true,
    ...more,
  });
}

/** An object with named fields; those not made by {@link optional} or {@link pointer} are required. */
export function struct<Fields extends TProperties>(
  description: string,
  fields: Fields,
  more: Structural = {},
): TObject<Fields> {
  return copy(Type.Object(fields), { description, ...more }) as TObject<Fields>;
}

/** The place of `metadata`, of which a CRD may say nothing at all, not even what it is. */
export function metadata(): TUnsafe<Record<string, unknown>> {
  return make({ type: 'object' });
}

/** Any object, kept as it is. */
export function anyObject(description: string): TUnsafe<Record<string, unknown>> {
  return make({ type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true });
}

/** `null` is allowed and means the same as an absent field. */
export function nullable<S extends TSchema>(schema: S): TUnsafe<Static<S> | null> {
  return copy(schema, { nullable: true }) as TUnsafe<Static<S> | null>;
}

/** The field may be missing; Go writes it only where it holds something (structs and durations: always). */
export function optional<S extends TSchema>(schema: S): TOptional<S> {
  return Type.Optional(copy(schema, {})) as unknown as TOptional<S>;
}

/** The field may be missing, and missing is not the same as empty: false and 0 are written. */
export function pointer<S extends TSchema>(schema: S): TOptional<S> {
  return optional(copy(schema, { go: { pointer: true } }) as S);
}

/** The field may be missing in a manifest, but Go always writes it: an empty text, or null where it is absent. */
export function written<S extends TSchema>(schema: S): TOptional<S> {
  return optional(copy(schema, { go: { always: true } }) as S);
}

/** As {@link written}, for a pointer or a list: `null` where it is absent. */
export function writtenPointer<S extends TSchema>(schema: S): TOptional<S> {
  return optional(copy(schema, { go: { always: true, pointer: true } }) as S);
}

/** The field is required in a manifest; Go writes null where it is absent all the same. */
export function requiredPointer<S extends TSchema>(schema: S): S {
  return copy(schema, { go: { pointer: true } }) as S;
}
