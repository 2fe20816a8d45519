import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { corehaul, type CorehaulOptions, jsonLines } from "./corehaul.ts";

/** A task as `list --json` shows it. */
export interface ListedTask {
  id: string;
  url: string;
  out: string;
  status: string;
  attempts: number;
  notBefore?: number;
  headers?: Record<string, string>;
  checksum?: string;
  size?: number;
  error?: { kind: string; message: string; status?: number; retryable: boolean };
}

/** Reads the tasks of a list by `corehaul list --json`. */
export async function listedTasks(queue: string, options: CorehaulOptions, more: string[] = []): Promise<ListedTask[]> {
  const { code, stdout, stderr } = await corehaul(["list", "--json", "--queue", queue, ...more], options);
  assertEquals(code, 0, stderr);
  return jsonLines(stdout) as unknown as ListedTask[];
}

/** Asserts that every task is done and its file is what the server has. */
export async function assertWhole(
  tasks: readonly ListedTask[],
  dir: string,
  expected: (url: URL) => Uint8Array | Promise<Uint8Array>,
): Promise<void> {
  const wrong: string[] = [];
  for (const { url, out, status, error } of tasks) {
    if (status !== "done") {
      wrong.push(`${url} is ${status}: ${error?.message}`);
      continue;
    }
    const [got, want] = [await Deno.readFile(join(dir, out)), await expected(new URL(url))];
    if (Buffer.compare(got, want) !== 0) {
      wrong.push(`${url}: ${out} has ${got.length} bytes that are not the server's ${want.length}`);
    }
  }
  assertEquals(wrong, []);
}

/** The files of a download folder, without Corehaul's own. */
export async function filesIn(dir: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(dir)) if (!name.startsWith(".corehaul")) names.push(name);
  return names.sort();
}
