/**
 * Whatever servers, connections and processes do in whatever order: a file is one version of the remote file, or it is not there.
 *
 * `FAULT_RUNS` and `FAULT_SEED` in the environment ask for more sequences or for others.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { StoppedError } from "../../download/download_error.ts";
import type { TaskOutcome } from "../../queue/task_model.ts";
import { bytesFor } from "../support/fault_server.ts";
import { RemoteFile, YESTERDAY } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

const RUNS = Number(Deno.env.get("FAULT_RUNS") ?? 60);
const SEED = Number(Deno.env.get("FAULT_SEED") ?? Math.floor(Math.random() * 2 ** 31));
/** Shorter ones, up to a mebibyte, are not continued. */
const LENGTH = 1_100_000;

/** What the server is like in one round. */
interface Behaviour {
  ifRange: "standard" | "ignored" | "date-only";
  ranges: boolean;
  etag: "strong" | "weak" | "none" | "same";
  date: "yesterday" | "none" | "now";
  lie: "none" | "offset" | "length" | "missing" | "no-etag";
}

/** One download and what happens before it. */
interface Round {
  change: boolean;
  behaviour: Behaviour | undefined;
  reboot: boolean;
  tear: number | undefined;
  otherUrl: boolean;
  end: { type: "break" | "stop"; at: number };
  /** Connections for the file, where there may be several. */
  segments: number;
  /** After so many requests of this round the file changes. */
  changeAfter: number | undefined;
  /** So many further answers break off, too. */
  breaks: number[];
}

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  ifRange: fc.constantFrom("standard", "ignored", "date-only"),
  ranges: fc.boolean(),
  // The same ETag for two versions would be a lie that no client can see: that is not among them.
  etag: fc.constantFrom("strong", "weak", "none"),
  date: fc.constantFrom("yesterday", "none", "now"),
  lie: fc.constantFrom("none", "none", "offset", "length", "missing", "no-etag"),
});

const seldom = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);

const round: fc.Arbitrary<Round> = fc.record({
  change: fc.boolean(),
  behaviour: fc.option(behaviour, { nil: undefined }),
  reboot: seldom,
  tear: fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined, freq: 1 }),
  otherUrl: seldom,
  end: fc.record({
    type: fc.constantFrom("break", "break", "stop"),
    at: fc.integer({ min: 1, max: LENGTH - 1 }),
  }),
  segments: fc.integer({ min: 1, max: 5 }),
  changeAfter: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined, freq: 1 }),
  breaks: fc.array(fc.integer({ min: 1, max: LENGTH / 4 }), { maxLength: 4 }),
});

const contents = new Map<string, Uint8Array<ArrayBuffer>>();

/** What a version consists of: the same for each server and each sequence, so it is made once. */
function contentOf(version: string): Uint8Array<ArrayBuffer> {
  let content = contents.get(version);
  if (content === undefined) contents.set(version, content = bytesFor(version, LENGTH));
  return content;
}

/** A file whose every version has its own date, unless the dates say nothing. */
class ChangingFile {
  behaviour: Behaviour = { ifRange: "standard", ranges: true, etag: "strong", date: "yesterday", lie: "none" };
  versions = 1;
  readonly #breaks: number[] = [];
  /** After so many answers it changes by itself. */
  changeAfter: number | undefined;

  get version(): string {
    return `v${this.versions}`;
  }

  breakAt(...at: number[]): void {
    this.#breaks.push(...at);
  }

  /** From now on nothing happens to it. */
  quiet(): void {
    this.#breaks.length = 0;
    this.changeAfter = undefined;
  }

  answer(request: { headers: Headers }): Response {
    const { ifRange, ranges, etag, date, lie } = this.behaviour;
    const day = new Date(Date.parse(YESTERDAY) - this.versions * 60_000).toUTCString();
    const file = new RemoteFile({
      content: contentOf,
      ifRange,
      ranges,
      etag: (version) => etag === "none" ? undefined : etag === "weak" ? 'W/"same"' : `"${version}"`,
      lastModified: date === "none" ? undefined : date === "now" ? new Date().toUTCString() : day,
      lie: (headers) => {
        if (lie === "offset") headers.set("content-range", `bytes 0-${LENGTH - 1}/${LENGTH}`);
        if (lie === "length") headers.set("content-range", `bytes 1-${LENGTH}/${LENGTH + 1}`);
        if (lie === "missing") headers.delete("content-range");
        if (lie === "no-etag") headers.delete("etag");
      },
    });
    file.version = this.version;
    const end = this.#breaks.shift();
    if (end !== undefined) file.breaks.push(end);
    const answer = file.answer(request);
    if (this.changeAfter !== undefined && --this.changeAfter === 0) this.versions++;
    return answer;
  }
}

for (const lane of [true, false]) {
  for (const segmented of [false, true]) testFaults(lane, segmented);
}

function testFaults(lane: boolean, segmented: boolean): void {
  const client = `${lane ? "lane" : "fetch"}${segmented ? ", segments" : ""}`;
  Deno.test(`Attempt gives whole files of one version or none, whatever happens, ${client}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 4 }), async (rounds) => {
        const file = new ChangingFile();
        await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
        let boot = 1;
        let path = "/x";
        let outcome: TaskOutcome | undefined;
        const fetch = async (stopAt?: number, count = 1): Promise<void> => {
          const segments = { count, bytes: 50_000 };
          await using process = bench.another({ lane, bootId: `boot-${boot}`, segments });
          const running = process.fetch(path, { attempts: 1 });
          let over = false;
          running.finally(() => over = true);
          while (stopAt !== undefined && !over && process.bytes < stopAt) await new Promise((r) => setTimeout(r, 1));
          if (stopAt !== undefined) process.context.watchdog.abortAll(new StoppedError("stopped"));
          outcome = await running;
          const names = bench.names();
          if (outcome.type === "done") {
            assertEquals(names, ["file"]);
            const bytes = bench.read();
            const versions = Array.from({ length: file.versions }, (_, i) => `v${i + 1}`);
            const found = versions.filter((version) => Buffer.from(contentOf(version).buffer).equals(bytes));
            assertEquals(found.length, 1, "one version and no other");
          } else {
            assert(!names.includes("file"), `${outcome.type}: ${names}`);
          }
        };
        for (const { change, behaviour, reboot, tear, otherUrl, end, segments, changeAfter, breaks } of rounds) {
          if (change) file.versions++;
          if (behaviour !== undefined) file.behaviour = behaviour;
          if (reboot) boot++;
          if (otherUrl) path = path === "/x" ? "/y" : "/x";
          if (tear !== undefined && bench.names().includes("file.part-info")) {
            const state = bench.path("file.part-info");
            Deno.truncateSync(state, Math.min(tear, Deno.statSync(state).size));
          }
          if (end.type === "break") file.breakAt(end.at);
          if (segmented) {
            file.breakAt(...breaks);
            file.changeAfter = changeAfter;
          }
          await fetch(end.type === "stop" ? end.at : undefined, segmented ? segments : 1);
          if (outcome?.type === "done") return;
        }
        file.quiet();
        if (outcome?.type !== "done") await fetch(undefined, rounds.length);
        assertEquals(outcome?.type, "done", JSON.stringify(outcome));
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
}
