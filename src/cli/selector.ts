/** Label selectors on the command line and in print. */

import type { LabelSelector } from '../api/core/references.ts';
import { formatLabelSelector, parseToLabelSelector } from '../filter/selector.ts';
import type { Flag } from '../lib/flag-values.ts';

/** `<none>` where nothing is selected by. */
export function selectorText(selector: LabelSelector | null | undefined): string {
  return formatLabelSelector(selector);
}

/** Several selectors of which one must match. */
export function selectorsText(selectors: readonly LabelSelector[] | null | undefined): string {
  if (!selectors || selectors.length === 0) return '<none>';
  return selectors.map(selectorText).join(' or ');
}

/** `-l a=b,c in (d,e)` (pkg/cmd/util/flag/labelselector.go). */
export function labelSelectorFlag(usage: string): Flag<LabelSelector | undefined> {
  return {
    usage,
    shorthand: 'l',
    default: undefined,
    type: { typeName: 'labelSelector', parse: parseToLabelSelector, print: selectorText },
  };
}

/** Selectors separated by ` or ` (pkg/cmd/util/flag/orlabelselector.go). */
export function orLabelSelectorFlag(usage: string): Flag<readonly LabelSelector[] | undefined> {
  return {
    usage,
    default: undefined,
    type: {
      typeName: 'orLabelSelector',
      parse: (text) => text.split(' or ').map(parseToLabelSelector),
      print: (value) => (value ? value.map(selectorText).join(' or ') : ''),
    },
  };
}
