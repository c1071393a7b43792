import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const enough = 64 * 1024;

/** The last lines of a log file, or a remark where it cannot be read or is empty. */
export function lastLines(file: string, count: number): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return `(no log at ${file})`;
  }
  try {
    const size = fstatSync(descriptor).size;
    const buffer = Buffer.alloc(Math.min(size, enough));
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    const lines = buffer.toString('utf8').trimEnd().split('\n').slice(-count);
    const text = lines.map((line) => `  | ${line}`).join('\n');
    return lines.join('').trim() === '' ? '(the log is empty)' : text;
  } finally {
    closeSync(descriptor);
  }
}
