/** ServerStatusRequest, velero.io/v1 (pkg/apis/velero/v1/server_status_request_types.go). */

import type { KubeObject } from './object.ts';
import { list, nullable, oneOf, optional, pointer, type Static, struct, text, time } from './schema.ts';

export const serverStatusRequestSpec = struct('Nothing to say.', {});
export type ServerStatusRequestSpec = Static<typeof serverStatusRequestSpec>;

export const pluginInfo = struct('One plugin of the server.', {
  name: text('Name of the plugin.'),
  kind: text('Kind of the plugin.'),
});
export type PluginInfo = Static<typeof pluginInfo>;

export const serverStatusRequestPhases = ['New', 'Processed'] as const;
export type ServerStatusRequestPhase = (typeof serverStatusRequestPhases)[number];

export const serverStatusRequestStatus = struct('What the server says of itself.', {
  phase: optional(oneOf('Whether the request has been answered.', serverStatusRequestPhases)),
  processedTimestamp: pointer(nullable(time('When the server answered.'))),
  serverVersion: optional(text('Version of the server.')),
  plugins: optional(nullable(list('Plugins that the server knows.', pluginInfo))),
});
export type ServerStatusRequestStatus = Static<typeof serverStatusRequestStatus>;

export interface ServerStatusRequest extends KubeObject {
  spec?: ServerStatusRequestSpec;
  status?: ServerStatusRequestStatus;
}
