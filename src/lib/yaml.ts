/** YAML as Kubernetes' tools read it: version 1.1 words and numbers, and only what JSON can say (sigs.k8s.io/yaml). */

import { parseDocument } from 'yaml';
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
    // Dates and base-60 numbers are not JSON: to Kubernetes' tools they are text.
    customTags: (tags) =>
      tags.filter(
        (tag) =>
          !(typeof tag === 'object' && 'tag' in tag && tag.tag === 'tag:yaml.org,2002:timestamp') &&
          !(typeof tag === 'object' && 'format' in tag && tag.format === 'TIME'),
      ),
  });
  const fault = document.errors[0];
  if (fault)
    throw new Failure({ code: 'YAML', message: fault.message.replace(/\n[\s\S]*$/, ''), cause: fault });
  return document.toJS();
}
