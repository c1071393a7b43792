/** A failure of the development cluster whose message already names the object, the cause and what to do. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
