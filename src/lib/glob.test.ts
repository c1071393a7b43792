import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compileGlob, hasGlob } from './glob.ts';

/** One pattern a line, with text → 1 where gobwas/glob 0.2.3 matches, or null where it refuses the pattern. */
const recorded = readFileSync(new URL('./testdata/glob.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as [pattern: string, texts: Record<string, 0 | 1> | null]);

it('V-BKP-030 reads patterns as gobwas/glob does', () => {
  let compared = 0;
  for (const [pattern, texts] of recorded) {
    const matches = compileGlob(pattern);
    if (texts === null) {
      expect(matches, pattern).toBeUndefined();
      compared++;
      continue;
    }
    for (const [text, result] of Object.entries(texts)) {
      expect(matches?.(text), `${pattern} on ${text}`).toBe(result === 1);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(1000);
});

it.each(['pods', 'deployments.apps', 'a-b', ''])('takes %j as a plain name', (name) => {
  expect(hasGlob(name)).toBe(false);
  expect(compileGlob(name)?.(name)).toBe(true);
  expect(compileGlob(name)?.(`${name}x`)).toBe(false);
});
