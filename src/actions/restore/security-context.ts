/** The security context of a helper container, read from configuration text (pkg/util/kube/security_context.go). */

import { parseYaml } from '../../lib/yaml.ts';
import { messageOf } from '../../lib/errors.ts';
import type { PluginConfig } from './plugin-config.ts';

export interface SecurityContext {
  runAsUser?: number;
  runAsGroup?: number;
  allowPrivilegeEscalation?: boolean;
  [field: string]: unknown;
}

const FIELDS: Readonly<Record<string, 'number' | 'boolean' | 'string' | 'object'>> = {
  capabilities: 'object',
  privileged: 'boolean',
  seLinuxOptions: 'object',
  windowsOptions: 'object',
  runAsUser: 'number',
  runAsGroup: 'number',
  runAsNonRoot: 'boolean',
  readOnlyRootFilesystem: 'boolean',
  allowPrivilegeEscalation: 'boolean',
  procMount: 'string',
  seccompProfile: 'object',
  appArmorProfile: 'object',
};

/**
 * Reads keys `secCtxRunAsUser`, `secCtxRunAsGroup`, `secCtxAllowPrivilegeEscalation` and, over them, `secCtx`.
 * @returns what was read before the first fault, and that fault
 */
export function parseSecurityContext(config: PluginConfig): {
  securityContext: SecurityContext;
  error?: string;
} {
  const securityContext: SecurityContext = {};
  for (const [key, field] of [
    ['secCtxRunAsUser', 'runAsUser'],
    ['secCtxRunAsGroup', 'runAsGroup'],
  ] as const) {
    const text = config[key] ?? '';
    if (text === '') continue;
    if (!/^[+-]?\d+$/.test(text)) {
      return { securityContext, error: `Security context ${field} "${text}" is not a number` };
    }
    securityContext[field] = Number(text);
  }
  const escalation = config['secCtxAllowPrivilegeEscalation'] ?? '';
  if (escalation !== '') {
    const value = parseBool(escalation);
    if (value === undefined) {
      return {
        securityContext,
        error: `Security context allowPrivilegeEscalation "${escalation}" is not a boolean`,
      };
    }
    securityContext.allowPrivilegeEscalation = value;
  }
  const text = config['secCtx'] ?? '';
  if (text === '') return { securityContext };
  try {
    return { securityContext: { ...securityContext, ...strictSecurityContext(text) } };
  } catch (error) {
    return { securityContext, error: `Security context secCtx error: "${messageOf(error)}"` };
  }
}

/** @throws Error for unknown fields and wrong types */
function strictSecurityContext(text: string): SecurityContext {
  const value = parseYaml(text) ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error('a mapping is expected');
  for (const [field, content] of Object.entries(value)) {
    const type = FIELDS[field];
    if (type === undefined)
      throw new Error(`error unmarshaling JSON: while decoding JSON: json: unknown field "${field}"`);
    // biome-ignore lint/suspicious/useValidTypeof: the wanted type comes from the table
    if (content !== null && typeof content !== type) throw new Error(`field ${field}: ${type} expected`);
  }
  return value as SecurityContext;
}

/** As Go's strconv.ParseBool. */
export function parseBool(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  return undefined;
}
