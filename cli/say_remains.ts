import type { Logger, RemainsReason } from "../mod.ts";

const WHEN: Readonly<Record<RemainsReason, string>> = {
  run: "a run works on the list: what was removed is out of its file when the run has ended",
  busy: "the file of the list is busy: what was removed is out of it after the next remove, gc or run",
};

/** Says why what was removed still stands in the file of a list, and until when. */
export function sayRemains(logger: Logger): (why: RemainsReason) => void {
  return (why) => void logger.warn(WHEN[why]);
}
