/**
 * JSON Patch (RFC 6902) with the habits of github.com/evanphx/json-patch that users' patches rely on: indices below
 * zero count from the end, a `test` for null holds where there is nothing, and a `test` below a missing parent is a
 * fault and not a mere mismatch.
 */

import { Failure } from './errors.ts';
import { cloneJson, jsonEqual } from './json.ts';

export interface JsonPatchOperation {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

/** A `test` did not hold. */
export class JsonPatchTestFailed extends Failure {
  constructor(path: string) {
    super({ code: 'JSON_PATCH_TEST', message: `testing value ${path} failed: test failed` });
    this.name = 'JsonPatchTestFailed';
  }
}

/**
 * The document after all operations; the one given is not changed.
 * @throws JsonPatchTestFailed where a `test` does not hold
 * @throws Failure `JSON_PATCH` where an operation cannot be carried out
 */
export function applyJsonPatch(document: unknown, operations: readonly JsonPatchOperation[]): unknown {
  const root = { '': cloneJson(document) } as Record<string, unknown>;
  for (const operation of operations) applyOperation(root, operation);
  return root[''];
}

type Container = Record<string, unknown> | unknown[];

function applyOperation(root: Container, operation: JsonPatchOperation): void {
  const { op, path } = operation;
  switch (op) {
    case 'add':
      add(place(root, path, op), cloneJson(operation.value ?? null), op, path);
      return;
    case 'remove':
      remove(place(root, path, op), op, path);
      return;
    case 'replace':
      set(place(root, path, op), cloneJson(operation.value ?? null), op, path);
      return;
    case 'move': {
      const from = operation.from ?? '';
      const source = place(root, from, op, 'from');
      const moved = read(
        source,
        (key) => `error in move for path: '${key}': unable to get nonexistent key: ${key}`,
      );
      take(source, op, from);
      add(place(root, path, op, 'destination'), moved, op, path);
      return;
    }
    case 'copy': {
      const from = operation.from ?? '';
      const copied = read(
        place(root, from, op, 'from'),
        (key) => `error in copy for from: '${from}': unable to get nonexistent key: ${key}`,
      );
      add(place(root, path, op, 'destination'), cloneJson(copied), op, path);
      return;
    }
    case 'test': {
      const { container, key } = place(root, path, op);
      const value = Array.isArray(container)
        ? container[indexIn(container, key, op, path, false)]
        : own(container, key);
      const wanted = operation.value ?? null;
      if (!jsonEqual(value ?? null, wanted)) throw new JsonPatchTestFailed(path);
      return;
    }
    default:
      throw fault(`Unexpected kind: ${op}`);
  }
}

interface Place {
  container: Container;
  key: string;
}

/** The container of the value that a pointer names, and the value's key in it. */
function place(root: Container, pointer: string, op: string, role?: 'from' | 'destination'): Place {
  if (pointer !== '' && !pointer.startsWith('/')) throw missing(op, pointer, role);
  const keys = pointer === '' ? [''] : ['', ...pointer.slice(1).split('/').map(unescape)];
  let container = root;
  for (const key of keys.slice(0, -1)) {
    const next = Array.isArray(container)
      ? container[indexIn(container, key, op, pointer, false)]
      : own(container, key);
    if (typeof next !== 'object' || next === null || JSON.isRawJSON(next)) throw missing(op, pointer, role);
    container = next as Container;
  }
  return { container, key: keys.at(-1) as string };
}

function own(container: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(container, key) ? container[key] : undefined;
}

function unescape(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** @param absent what to say where nothing is there */
function read({ container, key }: Place, absent: (key: string) => string): unknown {
  const value = Array.isArray(container)
    ? container[indexIn(container, key, 'copy', key, false)]
    : own(container, key);
  if (value === undefined) throw fault(`${absent(key)}: missing value`);
  return value;
}

function add({ container, key }: Place, value: unknown, op: string, path: string): void {
  if (Array.isArray(container)) container.splice(indexIn(container, key, op, path, true), 0, value);
  else define(container, key, value);
}

function set(at: Place, value: unknown, op: string, path: string): void {
  const { container, key } = at;
  if (Array.isArray(container)) {
    container[indexIn(container, key, op, path, false)] = value;
    return;
  }
  read(at, () => `replace operation does not apply: doc is missing key: ${path}`);
  define(container, key, value);
}

function remove(at: Place, op: string, path: string): void {
  if (!Array.isArray(at.container))
    read(at, (key) => `error in remove for path: '${path}': unable to remove nonexistent key: ${key}`);
  take(at, op, path);
}

function take({ container, key }: Place, op: string, path: string): void {
  if (Array.isArray(container)) container.splice(indexIn(container, key, op, path, false), 1);
  else delete container[key];
}

/** `__proto__` is a key like others in JSON. */
function define(container: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(container, key, { value, enumerable: true, configurable: true, writable: true });
}

/** @param inserting `-` and the index after the last element are allowed */
function indexIn(list: unknown[], key: string, op: string, path: string, inserting: boolean): number {
  if (inserting && key === '-') return list.length;
  if (!/^-?\d+$/.test(key))
    throw fault(`${op} operation does not apply: value was not a proper array index: '${key}'`);
  let index = Number(key);
  const size = inserting ? list.length + 1 : list.length;
  if (index < 0) index += size;
  if (index < 0 || index >= size) {
    throw fault(
      `${op} operation does not apply: Unable to access invalid index: ${key} at ${path}: invalid index referenced`,
    );
  }
  return index;
}

/** The container of what a pointer names is not there; some of the original's texts quote the pointer. */
function missing(op: string, pointer: string, role?: 'from' | 'destination'): Failure {
  const path =
    op === 'add' || op === 'remove' || (op === 'copy' && role === 'from') ? `"${pointer}"` : pointer;
  const where = role === undefined ? `path: ${path}` : `${role} path: ${path}`;
  const what = op === 'test' ? 'is missing' : 'doc is missing';
  return fault(`${op} operation does not apply: ${what} ${where}: missing value`);
}

function fault(message: string): Failure {
  return new Failure({ code: 'JSON_PATCH', message });
}
