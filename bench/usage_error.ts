/**
 * Something the user has to put right before the bench can run: a bad option,
 * a missing program, too little space. It ends the bench with exit code 2.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
