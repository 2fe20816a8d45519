/**
 * Standard output and standard error.
 *
 * @module
 */
import { StandardStream } from "./standard_stream.ts";

let failed = (_error: Error): void => {};

/** Standard output. */
export const standardOutput: StandardStream = new StandardStream({
  writeSync: (bytes) => Deno.stdout.writeSync(bytes),
  write: (bytes) => Deno.stdout.write(bytes),
}, (error) => failed(error));

/** Standard error. What cannot be said there is lost. */
export const standardError: StandardStream = new StandardStream({
  writeSync: (bytes) => Deno.stderr.writeSync(bytes),
  write: (bytes) => Deno.stderr.write(bytes),
});

/** Sets who is told that what was queued for standard output cannot be written. */
export function onOutputFailure(listener: (error: Error) => void): void {
  failed = listener;
}

/**
 * Waits until all that was queued is written, or cannot be.
 *
 * @param ms How long at the most, for somebody in a hurry. Default: as long as the readers take.
 */
export async function flushStandard(ms?: number): Promise<void> {
  const drained = (async () => {
    await standardOutput.drained();
    await standardError.drained();
  })();
  if (ms === undefined) return await drained;
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([drained, new Promise<void>((resolve) => timer = setTimeout(resolve, ms))]);
  clearTimeout(timer);
}
