/** What a look at the operations of a waiting backup or restore changes (pkg/controller/*_operations_controller.go). */

export type WaitingPhase = 'WaitingForPluginOperations' | 'WaitingForPluginOperationsPartiallyFailed';
export type PhaseAfterPoll = WaitingPhase | 'Finalizing' | 'FinalizingPartiallyFailed';

export function isWaiting(phase: string | undefined): phase is WaitingPhase {
  return phase === 'WaitingForPluginOperations' || phase === 'WaitingForPluginOperationsPartiallyFailed';
}

/**
 * The phase after a poll: one that has had errors never becomes a good one again. All failed operations count, not only
 * those of this poll: an earlier one may have told the store and then been kept from telling the object.
 */
export function phaseAfterPoll(
  before: WaitingPhase,
  poll: { inProgress: boolean; failed: number },
): PhaseAfterPoll {
  const failed = before === 'WaitingForPluginOperationsPartiallyFailed' || poll.failed > 0;
  const base = poll.inProgress ? 'WaitingForPluginOperations' : 'Finalizing';
  return failed ? `${base}PartiallyFailed` : base;
}

/** True where the store must have the operations now: somebody will read them there, or an error must not be lost. */
export function mustUpload(poll: { inProgress: boolean; errors: readonly string[] }): boolean {
  return !poll.inProgress || poll.errors.length > 0;
}
