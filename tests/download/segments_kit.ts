import { assert, assertEquals } from "@std/assert";
import { hash } from "node:crypto";
import { StoppedError } from "../../download/download_error.ts";
import type { FaultRequest, FaultServer } from "../support/fault_server.ts";
import type { RemoteFile } from "../support/remote_file.ts";
import { until } from "../support/until.ts";
import type { DownloadBench, DownloadBenchOptions } from "./download_bench.ts";

/** How long the files are. */
export const LENGTH = 3_000_000;
/** What a connection is worth. */
export const LEAST = 100_000;

/** Tests with four connections for a file, for both clients. */
export function testSegments(name: string, run: (options: DownloadBenchOptions) => Promise<void>): void {
  for (const lane of [true, false]) {
    const options = { lane, segments: { count: 4, bytes: LEAST } };
    Deno.test(`Segments ${name}, ${lane ? "lane" : "fetch"}`, () => run(options));
  }
}

/** The same answer, but its body comes in pieces. */
export async function paced(answer: Response, server: FaultServer, pieces = 40, everyMs = 5): Promise<Response> {
  if (answer.body === null) return answer;
  const { body } = server.trickle(await answer.bytes(), pieces, everyMs);
  return new Response(body, { status: answer.status, headers: answer.headers });
}

/** The range that a request asks for. */
export const rangeOf = ({ headers }: Pick<FaultRequest, "headers">) => headers.get("range") ?? "all";

/** How many bytes a server was asked for by ranges. */
export function bytesAsked(requests: readonly FaultRequest[]): number {
  let sum = 0;
  for (const request of requests) {
    const [, from, last] = /^bytes=(\d+)-(\d*)$/.exec(rangeOf(request)) ?? [];
    assert(from !== undefined, rangeOf(request));
    sum += (last === "" ? LENGTH : Number(last) + 1) - Number(from);
  }
  return sum;
}

/** Fetches a file, all of it and of one version. */
export async function assertDone(bench: DownloadBench, file: RemoteFile, version = "one"): Promise<void> {
  const outcome = await bench.fetch("/x");
  assertEquals(outcome.type, "done", JSON.stringify(outcome));
  assertEquals(bench.names(), ["file"]);
  assert(hash("md5", bench.read()) === hash("md5", file.content(version)), "the bytes are those of the version");
}

/** Fetches a part over several connections, as a stop leaves it. */
export async function begin(bench: DownloadBench, bytes = 1_000_000): Promise<void> {
  const running = bench.fetch("/x");
  await until("a part of it", () => bench.bytes >= bytes, { everyMs: 2 });
  bench.context.watchdog.abortAll(new StoppedError("stopped"));
  assertEquals((await running).type, "released");
  assertEquals(bench.names(), ["file.part", "file.part-info"]);
}

/** What is noted of a file in pieces. */
export function readState(bench: DownloadBench): { written: [number, number][]; synced: [number, number][] } {
  return JSON.parse(Deno.readTextFileSync(bench.path("file.part-info")));
}

/** A state of pieces, and a file whose other bytes are wrong. */
export function leave(
  bench: DownloadBench,
  file: RemoteFile,
  state: Record<string, unknown>,
  good: [number, number][],
): void {
  const part = new Uint8Array(LENGTH).fill(1);
  for (const [from, to] of good) part.set(file.content().subarray(from, to), from);
  Deno.writeFileSync(bench.path("file.part"), part);
  const whole = { version: 2, url: `${bench.server.url}/x`, length: LENGTH, etag: '"one"', bootId: "boot-1", ...state };
  Deno.writeTextFileSync(bench.path("file.part-info"), JSON.stringify(whole));
}
