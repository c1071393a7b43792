/** Ends of a command that are not the usual `An error occurred: …`. */

/** The message is printed as it is, without a prefix, and the exit code is 1 (pkg/cmd/errors.go, Exit). */
export class ExitMessage extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ExitMessage';
  }
}

/** The command has said all it has to say; only the exit code is left. */
export class ExitCode extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit code ${code}`);
    this.name = 'ExitCode';
    this.code = code;
  }
}
