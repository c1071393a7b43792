/** YAML as Kubernetes' tools read it: version 1.1 words and numbers, and only what JSON can say (sigs.k8s.io/yaml). */

import { isScalar, parseDocument, type ScalarTag, type Tags } from 'yaml';
import { Failure } from './errors.ts';

/**
 * Reads one YAML (or JSON) document. Duplicate keys are refused; dates stay text.
 * @throws Failure `YAML` with the place of the fault
 */
export function parseYaml(text: string): unknown {
  const document = parseDocument(text, {
    version: '1.1',
    uniqueKeys: true,
    merge: true,
    customTags: (tags) => tags.filter((tag) => !isNoJson(tag)).map(onlyNumbers),
  });
  const fault = document.errors[0];
  if (fault)
    throw new Failure({ code: 'YAML', message: fault.message.replace(/\n[\s\S]*$/, ''), cause: fault });
  return document.toJS();
}

type Tag = Tags[number];

/** Dates and base-60 numbers are not JSON: to Kubernetes' tools they are text. */
function isNoJson(tag: Tag): boolean {
  if (typeof tag !== 'object') return false;
  return tag.tag === 'tag:yaml.org,2002:timestamp' || ('format' in tag && tag.format === 'TIME');
}

/** The parser takes `.` and `e5` for numbers, of which there is not a digit: they are text. */
function onlyNumbers(tag: Tag): Tag {
  if (typeof tag !== 'object' || !/:(?:int|float)$/.test(tag.tag) || !isScalarTag(tag)) return tag;
  const resolve: ScalarTag['resolve'] = (text, onError, options) => {
    const value = tag.resolve(text, onError, options);
    const number: unknown = isScalar(value) ? value.value : value;
    return Number.isNaN(number) && !/^\.nan$/i.test(text) ? text : value;
  };
  return { ...tag, resolve };
}

function isScalarTag(tag: Exclude<Tag, string>): tag is ScalarTag {
  return 'test' in tag && tag.test !== undefined;
}
