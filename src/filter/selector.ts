/**
 * Label selectors, as text and as objects, read, checked, printed and matched as Kubernetes does it (apimachinery
 * pkg/labels and metav1.LabelSelectorAsSelector). A selector that Kubernetes would refuse is refused with its words.
 */

import type { LabelSelector, LabelSelectorRequirement } from '../api/core/references.ts';
import { aggregateMessage, Failure } from '../lib/errors.ts';
import { goQuote } from '../lib/go-text.ts';
import { labelKeyProblems, labelValueProblems } from './label-syntax.ts';

/** Whether labels are selected. */
export type LabelMatcher = (labels: Readonly<Record<string, string>> | undefined) => boolean;

type Operator = 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt';

interface Requirement {
  key: string;
  operator: Operator;
  values: readonly string[];
}

/** A selector that was understood. */
export class Selector {
  /** Sorted by key; all must hold. Undefined selects nothing at all. */
  readonly #requirements: readonly Requirement[] | undefined;

  private constructor(requirements: readonly Requirement[] | undefined) {
    this.#requirements = requirements?.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }

  /**
   * Reads `app=shop,tier in (web,db),!legacy`.
   * @throws Failure INVALID_SELECTOR with the words of labels.Parse
   */
  static parse(text: string): Selector {
    return new Selector(new Parser(text).parse());
  }

  /**
   * Reads a LabelSelector. An absent one selects nothing, an empty one everything.
   * @throws Failure INVALID_SELECTOR with the words of metav1.LabelSelectorAsSelector
   */
  static from(selector: LabelSelector | null | undefined): Selector {
    if (selector === null || selector === undefined) return new Selector(undefined);
    const requirements: Requirement[] = [];
    for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
      requirements.push(checked({ key, operator: '=', values: [value] }));
    }
    for (const expression of selector.matchExpressions ?? []) {
      const operator = OPERATORS[expression.operator];
      if (operator === undefined) {
        throw invalid(`${goQuote(expression.operator)} is not a valid label selector operator`);
      }
      requirements.push(checked({ key: expression.key, operator, values: [...(expression.values ?? [])] }));
    }
    return new Selector(requirements);
  }

  /** True where every object is selected. */
  get empty(): boolean {
    return this.#requirements?.length === 0;
  }

  matches(labels: Readonly<Record<string, string>> | undefined): boolean {
    return this.#requirements?.every((requirement) => holds(requirement, labels ?? {})) ?? false;
  }

  /** As the API server reads it in `labelSelector=`; empty for everything, and (as in Go) for nothing. */
  toString(): string {
    return (this.#requirements ?? []).map(print).join(',');
  }

  /** @throws Failure INVALID_SELECTOR for operators that LabelSelector objects do not have */
  toLabelSelector(): LabelSelector {
    const selector: { matchLabels?: Record<string, string>; matchExpressions?: LabelSelectorRequirement[] } =
      {};
    for (const { key, operator, values } of this.#requirements ?? []) {
      switch (operator) {
        case '=':
        case '==':
          selector.matchLabels ??= {};
          selector.matchLabels[key] = values[0] as string;
          break;
        case 'notin':
          (selector.matchExpressions ??= []).push({ key, operator: 'NotIn', values: [...values] });
          break;
        case 'in':
          (selector.matchExpressions ??= []).push({ key, operator: 'In', values: [...values] });
          break;
        case 'exists':
          (selector.matchExpressions ??= []).push({ key, operator: 'Exists' });
          break;
        case '!':
          (selector.matchExpressions ??= []).push({ key, operator: 'DoesNotExist' });
          break;
        case 'gt':
        case 'lt':
          throw invalid(`${goQuote(operator)} isn't supported in label selectors`);
        case '!=':
          throw invalid(`${goQuote(operator)} is not a valid label selector operator`);
      }
    }
    return selector;
  }
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

/** The matcher of a LabelSelector: {@link Selector.from}. */
export function compileLabelSelector(selector: LabelSelector | null | undefined): LabelMatcher {
  const compiled = Selector.from(selector);
  return (labels) => compiled.matches(labels);
}

/** The matcher of a selector's text: {@link Selector.parse}. */
export function compileSelectorText(text: string): LabelMatcher {
  const compiled = Selector.parse(text);
  return (labels) => compiled.matches(labels);
}

/** What to send as `labelSelector=` for a LabelSelector; empty for one that selects everything. @throws Failure */
export function labelSelectorText(selector: LabelSelector): string {
  return Selector.from(selector).toString();
}

/** As metav1.FormatLabelSelector prints it: `<none>` for an empty text, `<error>` for one that is not valid. */
export function formatLabelSelector(selector: LabelSelector | null | undefined): string {
  try {
    const text = Selector.from(selector).toString();
    return text === '' ? '<none>' : text;
  } catch {
    return '<error>';
  }
}

/**
 * The LabelSelector that a text means (metav1.ParseToLabelSelector).
 * @throws Failure INVALID_SELECTOR `couldn't parse the selector string "…": …`
 */
export function parseToLabelSelector(text: string): LabelSelector {
  let selector: Selector;
  try {
    selector = Selector.parse(text);
  } catch (error) {
    throw invalid(`couldn't parse the selector string "${text}": ${(error as Failure).message}`);
  }
  return selector.toLabelSelector();
}

function invalid(message: string): Failure {
  return new Failure({
    code: 'INVALID_SELECTOR',
    message,
    remedy: 'write it as kubectl reads it, e.g. app=shop,tier in (web,db),!legacy',
  });
}

function holds(requirement: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const { key, operator, values } = requirement;
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'in':
    case '=':
    case '==':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt': {
      const left = value === undefined ? undefined : parseInt64(value);
      const right = parseInt64(values[0] ?? '');
      if (left === undefined || right === undefined) return false;
      return operator === 'gt' ? left > right : left < right;
    }
    default:
      return false;
  }
}

/** As strconv.ParseInt(text, 10, 64) reads it. */
function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return value >= -(2n ** 63n) && value < 2n ** 63n ? value : undefined;
}

function print({ key, operator, values }: Requirement): string {
  const sorted = values.toSorted().join(',');
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${sorted})`;
    case 'gt':
      return `${key}>${sorted}`;
    case 'lt':
      return `${key}<${sorted}`;
    default:
      return `${key}${operator}${sorted}`;
  }
}

/** @throws Failure with every fault of the requirement (labels.NewRequirement) */
function checked(requirement: Requirement): Requirement {
  const { key, operator, values } = requirement;
  const faults: string[] = [];
  const keyFaults = labelKeyProblems(key);
  if (keyFaults.length > 0) faults.push(`key: Invalid value: ${goQuote(key)}: ${keyFaults.join('; ')}`);
  const list = `values: Invalid value: ${goStrings(values)}: `;
  switch (operator) {
    case 'in':
    case 'notin':
      if (values.length === 0) faults.push(`${list}for 'in', 'notin' operators, values set can't be empty`);
      break;
    case 'exists':
    case '!':
      if (values.length > 0) faults.push(`${list}values set must be empty for exists and does not exist`);
      break;
    case 'gt':
    case 'lt':
      for (const [index, value] of values.entries()) {
        if (parseInt64(value) === undefined) {
          faults.push(
            `values[${index}]: Invalid value: ${goQuote(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
          );
        }
      }
      break;
    default:
      break;
  }
  for (const [index, value] of values.entries()) {
    const problems = labelValueProblems(value);
    if (problems.length > 0) {
      faults.push(`values[${index}][${key}]: Invalid value: ${goQuote(value)}: ${problems.join('; ')}`);
    }
  }
  if (faults.length > 0) throw invalid(aggregateMessage(faults));
  return requirement;
}

/** A slice of strings as `%#v` prints it. */
function goStrings(values: readonly string[]): string {
  return values.length === 0 ? '[]string(nil)' : `[]string{${values.map(goQuote).join(', ')}}`;
}

interface Token {
  kind: 'word' | 'in' | 'notin' | 'end' | ')' | ',' | '!' | '==' | '=' | '>' | '<' | '!=' | '(';
  text: string;
}

const SPACE = ' \t\r\n';
const SPECIAL = '=!(),><';

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  // Go's lexer takes a NUL for the end of the text.
  const end = text.includes('\0') ? text.indexOf('\0') : text.length;
  while (at < end) {
    const char = text[at] as string;
    if (SPACE.includes(char)) {
      at++;
    } else if (SPECIAL.includes(char)) {
      const two = text.slice(at, at + 2);
      const symbol = (two === '==' || two === '!=' ? two : char) as Token['kind'];
      tokens.push({ kind: symbol, text: symbol });
      at += symbol.length;
    } else {
      let to = at;
      while (to < end && !SPACE.includes(text[to] as string) && !SPECIAL.includes(text[to] as string)) to++;
      const word = text.slice(at, to);
      tokens.push({ kind: word === 'in' || word === 'notin' ? word : 'word', text: word });
      at = to;
    }
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

const BINARY_OPERATORS = 'in, notin, =, ==, !=, gt, lt';

/** The grammar of labels.Parse; `in` and `notin` are operators only where an operator may stand. */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    for (;;) {
      const first = this.#peek();
      if (first.kind === 'end') return requirements;
      if (first.kind !== 'word' && first.kind !== '!') {
        throw invalid(`found '${first.text}', expected: !, identifier, or 'end of string'`);
      }
      try {
        requirements.push(this.#requirement());
      } catch (error) {
        throw invalid(`unable to parse requirement: ${(error as Failure).message}`);
      }
      const next = this.#take();
      if (next.kind === 'end') return requirements;
      if (next.kind !== ',') throw invalid(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (after.kind !== 'word' && after.kind !== '!') {
        throw invalid(`found '${after.text}', expected: identifier after ','`);
      }
    }
  }

  /** The token at hand where a value or key is wanted. */
  #peek(): Token {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)] as Token;
    return token.kind === 'in' || token.kind === 'notin' ? { kind: 'word', text: token.text } : token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #requirement(): Requirement {
    let token = this.#take();
    const negated = token.kind === '!';
    if (negated) token = this.#take();
    if (token.kind !== 'word') throw invalid(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const faults = labelKeyProblems(key);
    if (faults.length > 0) throw invalid(`<nil>: Invalid value: ${goQuote(key)}: ${faults.join('; ')}`);
    // Whatever follows is the caller's to refuse.
    if (negated) return checked({ key, operator: '!', values: [] });
    const next = this.#peek();
    if (next.kind === 'end' || next.kind === ',') return checked({ key, operator: 'exists', values: [] });
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#values() : new Set([this.#exactValue()]);
    return checked({ key, operator, values: [...values].toSorted() });
  }

  #operator(): Operator {
    const token = this.#tokens[this.#at++] as Token;
    switch (token.kind) {
      case 'in':
      case 'notin':
      case '=':
      case '==':
      case '!=':
        return token.kind;
      case '>':
        return 'gt';
      case '<':
        return 'lt';
      default:
        throw invalid(`found '${token.text}', expected: ${BINARY_OPERATORS}`);
    }
  }

  #values(): Set<string> {
    const open = this.#take();
    if (open.kind !== '(') throw invalid(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    const first = this.#peek();
    if (first.kind === ')') {
      this.#take();
      return values.add('');
    }
    if (first.kind !== 'word' && first.kind !== ',') {
      throw invalid(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    for (;;) {
      const token = this.#take();
      const next = this.#peek();
      if (token.kind === 'word') {
        values.add(token.text);
        if (next.kind === ',') continue;
        if (next.kind !== ')') throw invalid(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.kind === ',') {
        if (values.size === 0) values.add('');
        if (next.kind === ',') {
          this.#take();
          values.add('');
          continue;
        }
        if (next.kind !== ')') continue;
        values.add('');
      } else {
        throw invalid(`found '${token.text}', expected: ',', or identifier`);
      }
      this.#take();
      return values;
    }
  }

  #exactValue(): string {
    const next = this.#peek();
    if (next.kind === 'end' || next.kind === ',') return '';
    this.#take();
    if (next.kind !== 'word') throw invalid(`found '${next.text}', expected: identifier`);
    return next.text;
  }
}
