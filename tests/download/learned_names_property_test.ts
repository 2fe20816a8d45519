/** However often a server changes the name of a file, and whatever ends its downloads: a name has a whole file or none. */
import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { StoppedError } from "../../download/download_error.ts";
import type { TaskOutcome } from "../../queue/task_model.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

const LENGTH = 1_300_000;
const FIELDS = [undefined, "a.bin", "b.bin", "../../a.bin", "get", ".."] as const;

/** One download and what happens before it. */
const round = fc.record({
  /** What the server calls the file from now on. */
  name: fc.constantFrom(...FIELDS),
  /** Where a redirect leads from now on. */
  moved: fc.constantFrom(undefined, undefined, "/c.bin"),
  change: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  /** The list begins anew, as that of `get` does. */
  anew: fc.boolean(),
  end: fc.record({ type: fc.constantFrom("break", "stop"), at: fc.integer({ min: 1, max: LENGTH - 1 }) }),
});

for (const lane of [true, false]) {
  Deno.test(`Attempt gives a learned name to whole files only, whatever happens, ${lane ? "lane" : "fetch"}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 4 }), async (rounds) => {
        const headers: Record<string, string> = {};
        const file = new RemoteFile({ length: LENGTH, headers });
        const versions = ["v0"];
        file.version = "v0";
        let moved: string | undefined;
        await using bench = await DownloadBench.start(
          (request) =>
            request.path === "/get" && moved !== undefined
              ? new Response(null, { status: 302, headers: { location: moved } })
              : file.answer(request),
          { lane },
        );
        const isWhole = (name: string) =>
          versions.some((version) => Buffer.from(file.content(version)).equals(bench.read(name)));
        /** What the list knows of the task. */
        const fresh = { out: "get", named: false };
        let task = { ...fresh };
        const fetch = async (stopAt?: number): Promise<TaskOutcome> => {
          await using process = bench.another({ lane });
          const { rename } = process.context;
          process.context.rename = async (asking, ...places) => {
            const before = bench.names();
            const out = await rename(asking, ...places);
            assertEquals(bench.names(), before, "nothing is written before the list has the name");
            task = { out, named: true };
            return out;
          };
          const running = process.fetch("/get", { attempts: 1, ...task });
          let over = false;
          running.finally(() => over = true);
          while (stopAt !== undefined && !over && process.bytes < stopAt) await new Promise((r) => setTimeout(r, 1));
          if (stopAt !== undefined) process.context.watchdog.abortAll(new StoppedError("stopped"));
          const outcome = await running;
          const finished = bench.names().filter((name) => !/\.part(-info)?$/.test(name));
          assert(finished.every(isWhole), finished.join());
          if (outcome.type === "done") assertEquals(finished, [task.out]);
          else assertEquals(finished, []);
          return outcome;
        };
        for (const { name, moved: to, change, anew, end } of rounds) {
          if (name === undefined) delete headers["content-disposition"];
          else headers["content-disposition"] = `attachment; filename="${name}"`;
          moved = to;
          if (change) versions.push(file.version = `v${versions.length}`);
          if (anew) task = { ...fresh };
          if (end.type === "break") file.breaks.splice(0, 1, end.at);
          const outcome = await fetch(end.type === "stop" ? end.at : undefined);
          file.breaks.splice(0);
          if (outcome.type === "done") return;
        }
        const outcome = await fetch();
        assertEquals(outcome.type, "done", JSON.stringify(outcome));
        assert(["get", "a.bin", "b.bin", "c.bin"].includes(task.out), task.out);
      }),
      { numRuns: 100 },
    );
  });
}
