import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './watch.ts';

describe('lines of a watch', () => {
  it('come out whole however the bytes are cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', minLength: 1 }).map((text) => text.replaceAll('\n', ' '))),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (lines, sizes) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const splitter = new LineSplitter();
          const out: string[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length] as number;
            out.push(...splitter.push(bytes.subarray(at, at + size)));
            at += size;
          }
          expect(out).toEqual(lines.map((line) => Buffer.from(line).toString()));
        },
      ),
    );
  });

  it('are not given before they end', () => {
    const splitter = new LineSplitter();
    expect(splitter.push(Buffer.from('{"a":1}\n{"b"'))).toEqual(['{"a":1}']);
    expect(splitter.push(Buffer.from(':2}'))).toEqual([]);
    expect(splitter.push(Buffer.from('\n\n'))).toEqual(['{"b":2}']);
  });
});
