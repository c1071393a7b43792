/**
 * Headers of tar entries: POSIX ustar, with a pax extended header only where a name, or a size, does not fit. Every
 * entry of a backup is a regular file of mode 0755 (pkg/backup/backup.go and item_backupper.go of the original).
 */

export const BLOCK = 512;

const MODE = '0000755\0';
const ID = '0000000\0';
const MAGIC = 'ustar\x0000';
/** The largest size that eleven octal digits hold. */
const MAX_OCTAL_SIZE = 0o77777777777;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;

/**
 * The header blocks of a regular file.
 * @param path relative path with `/` between its parts
 * @param size bytes of content
 * @param mtimeSeconds whole seconds since the epoch
 */
export function entryHeader(path: string, size: number, mtimeSeconds: number): Buffer {
  const split = splitPath(path);
  const sizeFits = size <= MAX_OCTAL_SIZE;
  if (split !== undefined && sizeFits) {
    const block = Buffer.alloc(BLOCK);
    writeHeader(block, 0, split.name, split.prefix, size, mtimeSeconds, '0');
    return block;
  }
  const records =
    (split === undefined ? paxRecord('path', path) : '') + (sizeFits ? '' : paxRecord('size', String(size)));
  const body = Buffer.from(records);
  const padded = roundUp(body.length);
  const blocks = Buffer.alloc(BLOCK + padded + BLOCK);
  writeHeader(blocks, 0, 'PaxHeaders.0/entry', '', body.length, mtimeSeconds, 'x');
  body.copy(blocks, BLOCK);
  writeHeader(
    blocks,
    BLOCK + padded,
    split?.name ?? asciiName(path),
    split?.prefix ?? '',
    sizeFits ? size : 0,
    mtimeSeconds,
    '0',
  );
  return blocks;
}

/**
 * Writes the one-block header of an entry straight into a larger buffer: the fast way for all but unusual names.
 * @returns false where the entry needs {@link entryHeader}; nothing is written then
 */
export function writeEntryHeader(
  into: Buffer,
  at: number,
  path: string,
  size: number,
  mtimeSeconds: number,
): boolean {
  if (size > MAX_OCTAL_SIZE) return false;
  const split = splitPath(path);
  if (split === undefined) return false;
  writeHeader(into, at, split.name, split.prefix, size, mtimeSeconds, '0');
  return true;
}

/** Content length with its padding to whole blocks. */
export function roundUp(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** The block that all entries of one second share, with the sum of its bytes (the checksum field taken as blanks). */
interface Template {
  mtimeSeconds: number;
  block: Buffer;
  sum: number;
}

let template: Template | undefined;

function templateFor(mtimeSeconds: number): Template {
  if (template?.mtimeSeconds === mtimeSeconds) return template;
  const block = Buffer.alloc(BLOCK);
  block.write(MODE, 100, 'latin1');
  block.write(ID, 108, 'latin1');
  block.write(ID, 116, 'latin1');
  block.write(`${mtimeSeconds.toString(8).padStart(11, '0')}\0`, 136, 'latin1');
  block.write('        ', 148, 'latin1');
  block.write(MAGIC, 257, 'latin1');
  block.write(ID, 329, 'latin1');
  block.write(ID, 337, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  template = { mtimeSeconds, block, sum };
  return template;
}

function writeHeader(
  block: Buffer,
  at: number,
  name: string,
  prefix: string,
  size: number,
  mtimeSeconds: number,
  type: string,
): void {
  const shared = templateFor(mtimeSeconds);
  block.set(shared.block, at);
  let sum = shared.sum + writeText(block, at, name) + writeText(block, at + 345, prefix);
  sum += writeOctal(block, at + 124, size, 11);
  const typeCode = type.charCodeAt(0);
  block[at + 156] = typeCode;
  sum += typeCode;
  writeOctal(block, at + 148, sum, 6);
  block[at + 154] = 0;
}

/** Writes ASCII text (other characters were kept out before); returns the sum of its bytes. */
function writeText(block: Buffer, at: number, text: string): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    block[at + i] = code;
    sum += code;
  }
  return sum;
}

function writeOctal(block: Buffer, at: number, value: number, digits: number): number {
  let sum = 0;
  let rest = value;
  for (let i = digits - 1; i >= 0; i--) {
    const code = 48 + (rest % 8);
    block[at + i] = code;
    sum += code;
    rest = Math.floor(rest / 8);
  }
  return sum;
}

/** Splits at a slash so that both halves fit the ustar fields; undefined where no slash does, or where text is not ASCII. */
function splitPath(path: string): { name: string; prefix: string } | undefined {
  // Readers differ in how they take bytes above 127 in ustar fields; a pax record is UTF-8 for all of them.
  if (!isAscii(path)) return undefined;
  if (path.length <= NAME_BYTES) return { name: path, prefix: '' };
  if (path.length > NAME_BYTES + 1 + PREFIX_BYTES) return undefined;
  const slash = path.indexOf('/', path.length - NAME_BYTES - 1);
  if (slash <= 0 || slash > PREFIX_BYTES || slash === path.length - 1) return undefined;
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 126 || code < 32) return false;
  }
  return true;
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

/** What readers without pax see in place of a name that does not fit: its end, which names the object. */
function asciiName(path: string): string {
  return path
    .replace(/[^\x20-\x7e]/g, '_')
    .slice(-NAME_BYTES)
    .replace(/^\/+/, '_');
}
