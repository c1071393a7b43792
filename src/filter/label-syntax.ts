/** What a label's key and value may look like, and Kubernetes' words where they do not (apimachinery validation). */

const NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const NAME_SYNTAX = new RegExp(`^${NAME}$`);
const VALUE_SYNTAX = new RegExp(`^(${NAME})?$`);
const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${DNS_LABEL}(\\.${DNS_LABEL})*`;
const SUBDOMAIN_SYNTAX = new RegExp(`^${SUBDOMAIN}$`);

const NAME_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const NAME_EXAMPLES = `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME}')`;
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

function tooLong(value: string, limit: number): boolean {
  return Buffer.byteLength(value) > limit;
}

/** What is wrong with a label key (`name` or `domain/name`); nothing where it is good. */
export function labelKeyProblems(key: string): string[] {
  const parts = key.split('/');
  if (parts.length > 2) {
    return [
      `a qualified name ${NAME_RULE} ${NAME_EXAMPLES} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const problems: string[] = [];
  const name = parts.at(-1) as string;
  if (parts.length === 2) {
    const prefix = parts[0] as string;
    if (prefix === '') problems.push('prefix part must be non-empty');
    else {
      if (tooLong(prefix, 253)) problems.push('prefix part must be no more than 253 characters');
      if (!SUBDOMAIN_SYNTAX.test(prefix)) {
        problems.push(
          `prefix part ${SUBDOMAIN_RULE} (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`,
        );
      }
    }
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (tooLong(name, 63)) problems.push('name part must be no more than 63 characters');
  if (!NAME_SYNTAX.test(name)) problems.push(`name part ${NAME_RULE} ${NAME_EXAMPLES}`);
  return problems;
}

/** What is wrong with a label value; nothing where it is good. */
export function labelValueProblems(value: string): string[] {
  const problems: string[] = [];
  if (tooLong(value, 63)) problems.push('must be no more than 63 characters');
  if (!VALUE_SYNTAX.test(value)) {
    problems.push(
      `a valid label must be an empty string or ${NAME_RULE.replace(/^must /, '')} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${NAME})?')`,
    );
  }
  return problems;
}
