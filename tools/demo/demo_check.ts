import { hash } from "node:crypto";
import { join } from "@std/path";
import type { DemoFile } from "./demo_files.ts";
import type { DemoOutcome } from "./demo_run.ts";

/** What was found on the disk. */
export interface DemoCheck {
  /** Files whose digest is the server's. */
  matching: number;
  /** Tasks that failed as they should, each with its reason. */
  failures: string[];
  /** Everything that is not as it should be. */
  problems: string[];
}

/**
 * Compares every file on the disk with what the server has.
 *
 * @param files What the server has.
 * @param urlOf The url of a file.
 * @param outcomes How each url ended.
 * @param dir The download folder.
 * @returns What was found.
 */
export async function checkDemo(
  files: readonly DemoFile[],
  urlOf: (file: DemoFile) => string,
  outcomes: ReadonlyMap<string, DemoOutcome>,
  dir: string,
): Promise<DemoCheck> {
  const check: DemoCheck = { matching: 0, failures: [], problems: [] };
  for (const file of files) {
    const outcome = outcomes.get(urlOf(file));
    if (outcome === undefined) check.problems.push(`${file.path} was not settled`);
    else if (outcome.type === "task_failed") {
      const reason = `${file.path}: ${outcome.error?.message}`;
      (file.manner === "missing" ? check.failures : check.problems).push(reason);
    } else if (file.manner === "missing") check.problems.push(`${file.path} is done, but there is no such file`);
    else if (hash("sha256", await Deno.readFile(join(dir, outcome.out))) === file.digest) check.matching++;
    else check.problems.push(`${file.path}: ${outcome.out} has other bytes`);
  }
  for await (const { name } of Deno.readDir(dir)) {
    if (/\.part(-|$)/.test(name)) check.problems.push(`${name} was left over`);
  }
  return check;
}
