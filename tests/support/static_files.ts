import { assert, assertEquals } from "@std/assert";
import { hash } from "node:crypto";
import type { AccessLog, LoggedRequest } from "./access_log.ts";
import { assertCode, Corehaul, corehaul } from "./corehaul.ts";
import { bytesFor } from "./fault_server.ts";
import { runOnce } from "./run_once.ts";
import { assertWhole, filesIn } from "./task_table.ts";
import { TempDir } from "./temp_dir.ts";

const COUNT = 200;
const LARGEST = 300 * 1024;
const LARGE = 20_000_000;
const PART_SEEN = 4_000_000;

/** Writes 200 files from nothing to 300 KiB below `root`, some in folders or with odd names; gives their paths in urls. */
export async function writeMixedFiles(home: TempDir): Promise<string[]> {
  const paths = Array.from({ length: COUNT }, (_, i) => `${["", "a folder/", "深い/"][i % 3]}file ${i} +&%.bin`);
  for (const [i, path] of paths.entries()) await home.write(`root/${path}`, bytesFor(path, sizeOfNth(i)));
  return paths.map((path) => `/${path.split("/").map(encodeURIComponent).join("/")}`);
}

/** Downloads the files of {@linkcode writeMixedFiles} by `run --once` and asserts that not one byte is another. */
export async function assertMixedFiles(
  root: TempDir,
  paths: readonly string[],
  url: string,
  client: string,
  more: string[] = [],
): Promise<void> {
  await using home = await TempDir.create();
  const { ended, tasks } = await runOnce(home, client, paths.map((path) => url + path), ["--retries", "0", ...more]);
  assertCode(ended, 0);
  assertEquals(tasks.length, COUNT);
  await assertWhole(
    tasks,
    home.join("files"),
    ({ pathname }) => Deno.readFile(root.join("root", decodeURIComponent(pathname))),
  );
  assertEquals((await filesIn(home.join("files"))).length, COUNT);
}

/** Writes a file that takes a while, with a date that is not of this very second, which would be no proof. */
export async function writeLargeFile(home: TempDir): Promise<void> {
  const path = await home.write("root/large.bin", bytesFor("large", LARGE));
  await Deno.utime(path, 1_700_000_000, 1_700_000_000);
}

/** Downloads that file, kills the process in between and asserts that the next one goes on at its byte; gives its 206. */
export async function assertGoesOn(
  server: { log: AccessLog },
  url: string,
  client: string,
  { slow = [], more = [] }: { slow?: string[]; more?: string[] } = {},
): Promise<LoggedRequest> {
  await using home = await TempDir.create();
  // What tells these requests in the log from those of another call.
  const target = `/large.bin?${crypto.randomUUID()}`;
  const args = ["get", url + target, "-d", "files", "--retries", "0", "--http-client", client, ...more];
  const part = home.join("files/large.bin.part");
  await using first = await Corehaul.start([...args, ...slow], { cwd: home.path });
  await first.until("a part of it", async () => await fileSize(part) > PART_SEEN);
  first.kill("SIGKILL");
  assertCode(await first.ended(), 137);
  const left = await fileSize(part);
  assert(left > PART_SEEN && left < LARGE, `${left}`);
  assertCode(await corehaul(args, { cwd: home.path }), 0);
  const got = await Deno.readFile(home.join("files/large.bin"));
  assertEquals(hash("sha256", got, "hex"), hash("sha256", bytesFor("large", LARGE), "hex"));
  assertEquals(await filesIn(home.join("files")), ["large.bin"]);
  return await server.log.until("a 206", ({ status, path }) => status === 206 && path === target);
}

function sizeOfNth(i: number): number {
  if (i < 4) return i;
  return Math.round(LARGEST * ((i - 3) / (COUNT - 4)) ** 3);
}

async function fileSize(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch {
    return 0;
  }
}
