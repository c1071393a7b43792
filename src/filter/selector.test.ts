import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LabelSelector } from '../api/core/references.ts';
import { messageOf } from '../lib/errors.ts';
import {
  compileLabelSelector,
  compileSelectorText,
  formatLabelSelector,
  labelSelectorText,
  parseToLabelSelector,
  Selector,
} from './selector.ts';

// Recorded from labels.Parse, metav1.LabelSelectorAsSelector, FormatLabelSelector and ParseToLabelSelector of
// k8s.io/apimachinery v0.29.0, over texts made by hand and at random.
interface Vectors {
  labels: Record<string, string>[];
  texts: {
    text: string;
    error?: string;
    printed?: string;
    matches?: number[];
    object?: LabelSelector;
    objectError?: string;
  }[];
  objects: {
    selector: LabelSelector | null;
    error?: string;
    printed: string;
    format: string;
    matches?: number[];
  }[];
}
const vectors = JSON.parse(
  readFileSync(new URL('../../test/golden/kube/label-selectors.json', import.meta.url), 'utf8'),
) as Vectors;

function attempt<T>(run: () => T): T | { error: string } {
  try {
    return run();
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function matching(selector: Selector): number[] {
  return vectors.labels.flatMap((labels, index) => (selector.matches(labels) ? [index] : []));
}

describe('label selectors', () => {
  it('reads, prints and matches every recorded text as Kubernetes does, with its messages', () => {
    expect(vectors.texts.length).toBeGreaterThan(400);
    for (const vector of vectors.texts) {
      const ours = attempt(() => {
        const selector = Selector.parse(vector.text);
        return { printed: selector.toString(), matches: matching(selector) };
      });
      const theirs =
        vector.error === undefined
          ? { printed: vector.printed ?? '', matches: vector.matches ?? [] }
          : { error: vector.error };
      expect(ours, vector.text).toEqual(theirs);
    }
  });

  it('makes the LabelSelector that Kubernetes makes of every recorded text', () => {
    for (const vector of vectors.texts) {
      const ours = attempt(() => parseToLabelSelector(vector.text));
      const theirs = vector.objectError === undefined ? vector.object : { error: vector.objectError };
      expect(ours, vector.text).toEqual(theirs);
    }
  });

  it('reads, prints and matches every recorded LabelSelector as Kubernetes does, with its messages', () => {
    expect(vectors.objects.length).toBeGreaterThan(100);
    for (const vector of vectors.objects) {
      const name = JSON.stringify(vector.selector);
      const ours = attempt(() => {
        const selector = Selector.from(vector.selector);
        return { printed: selector.toString(), matches: matching(selector) };
      });
      const theirs =
        vector.error === undefined
          ? { printed: vector.printed, matches: vector.matches ?? [] }
          : { error: vector.error };
      expect(ours, name).toEqual(theirs);
      expect(formatLabelSelector(vector.selector), name).toBe(vector.format);
    }
  });

  it('selects nothing where the selector is absent and everything where it is empty', () => {
    expect(compileLabelSelector(undefined)({ app: 'shop' })).toBe(false);
    expect(compileLabelSelector(null)({})).toBe(false);
    expect(compileLabelSelector({})(undefined)).toBe(true);
    expect(compileSelectorText('')({ app: 'shop' })).toBe(true);
    expect(labelSelectorText({ matchLabels: { b: '1', a: '2' } })).toBe('a=2,b=1');
  });

  it('does not take names of Object.prototype for labels', () => {
    expect(compileSelectorText('constructor')({})).toBe(false);
    expect(compileSelectorText('!constructor')({})).toBe(true);
  });

  const word = fc.stringMatching(/^[a-z0-9]([a-z0-9_.-]{0,8}[a-z0-9])?$/);
  const expression = fc.oneof(
    fc.record({
      key: word,
      operator: fc.constantFrom('In' as const, 'NotIn' as const),
      values: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ key: word, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
  );
  const selector = fc.record({
    matchLabels: fc.dictionary(word, word, { maxKeys: 3 }),
    matchExpressions: fc.array(expression, { maxLength: 3 }),
  });

  it('prints what it reads back as the same selection', () => {
    fc.assert(
      fc.property(
        selector,
        fc.array(fc.dictionary(word, word, { maxKeys: 4 }), { maxLength: 8 }),
        (object, sets) => {
          const direct = Selector.from(object);
          const reread = Selector.parse(direct.toString());
          expect(reread.toString()).toBe(direct.toString());
          for (const labels of sets) expect(reread.matches(labels)).toBe(direct.matches(labels));
        },
      ),
    );
  });

  it('either reads a text or says why not, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'in', '=', '!', ',', '(', ')', ' ', '<', '\0', '/') }),
        (text) => {
          const result = attempt(() => Selector.parse(text).toString());
          if (typeof result === 'object') expect(result.error).not.toBe('');
          else expect(Selector.parse(result).toString()).toBe(result);
        },
      ),
    );
  });
});
