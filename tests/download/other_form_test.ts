/** Files that are there in one form, as they were sent or decoded, and are asked for again. */
import { assertEquals } from "@std/assert";
import { hash } from "node:crypto";
import * as zlib from "node:zlib";
import type { DownloadTask } from "../../download/download_context.ts";
import type { FaultRequest } from "../support/fault_server.ts";
import { DownloadBench } from "./download_bench.ts";

const PLAIN = new TextEncoder().encode("text ".repeat(2000));
const GZIP = Uint8Array.from(zlib.gzipSync(PLAIN));

interface Served {
  /** The Content-Encoding; absent: none. */
  coding?: string;
  etag: string;
  /** Answers conditions with 304. */
  conditions: boolean;
  body: Uint8Array<ArrayBuffer>;
}

function answer({ coding, etag, conditions, body }: Served, { headers }: FaultRequest): Response {
  if (conditions && headers.get("if-none-match") === etag) return new Response(null, { status: 304 });
  return new Response(body, { headers: { etag, ...(coding === undefined ? {} : { "content-encoding": coding }) } });
}

/** Asks once, and says what it brought: the bytes, the same as before, or what else. */
async function ask(bench: DownloadBench, task: Partial<DownloadTask> = {}): Promise<string> {
  const outcome = await bench.fetch("/a.txt", task);
  if (outcome.type !== "done") return JSON.stringify(outcome);
  if (outcome.unchanged) return "unchanged";
  const text = `${bench.read()}`;
  return text === `${PLAIN}` ? "decoded" : text === `${GZIP}` ? "as sent" : "another";
}

for (const lane of [true, false]) {
  const way = lane ? "lane" : "fetch";

  Deno.test(`Attempt fetches a file again whose form is not the one that is wanted now, ${way}`, async () => {
    for (const which of ["refresh", "changed"] as const) {
      const served: Served = { coding: "gzip", etag: '"one"', conditions: true, body: GZIP };
      await using bench = await DownloadBench.start((request) => answer(served, request), { lane });
      /** Asks as another run does, which wants another form. */
      const run = async (mode: "auto" | "decode" | "keep") => {
        await using another = bench.another({ lane });
        if (which === "refresh") another.context.refresh = true;
        else another.context.overwrite = "changed";
        another.context.contentEncoding = mode;
        return await ask(another);
      };
      const steps = [
        ["auto", "decoded"],
        ["decode", "unchanged"],
        ["auto", "unchanged"],
        ["keep", "as sent"],
        ["keep", "unchanged"],
        ["decode", "decoded"],
        ["decode", "unchanged"],
        // What it would be by its name and its type, only the answer tells.
        ["auto", "decoded"],
        ["auto", "unchanged"],
        ["keep", "as sent"],
        ["auto", "decoded"],
      ] as const;
      for (const [step, [mode, expected]] of steps.entries()) {
        assertEquals(await run(mode), expected, `${which} ${step}: ${mode}`);
      }
      // Where nothing was done to a body, nothing is another form; nor where its coding is none.
      for (const coding of [undefined, "utf-8"]) {
        Object.assign(served, { coding, etag: `"${coding}"`, body: PLAIN });
        for (const [nth, mode] of (["auto", "keep", "decode", "auto"] as const).entries()) {
          assertEquals(await run(mode), nth === 0 ? "decoded" : "unchanged", `${which} ${coding} ${mode}`);
        }
      }
    }
  });

  Deno.test(`Attempt leaves a file of another form alone that is done, ${way}`, async () => {
    const served: Served = { coding: "gzip", etag: '"one"', conditions: true, body: GZIP };
    await using bench = await DownloadBench.start((request) => answer(served, request), { lane });
    assertEquals(await ask(bench), "decoded");
    bench.context.contentEncoding = "keep";
    assertEquals(await ask(bench), "decoded");
    assertEquals(bench.server.requests.length, 1);
  });

  Deno.test(`Attempt takes a decoded file for unchanged whose strong ETag is the same, ${way}`, async () => {
    const md5 = `md5:${hash("md5", PLAIN)}`;
    for (
      const [task, first] of [[{}, "decoded"], [{ size: PLAIN.length }, "decoded"], [
        { checksum: md5 },
        "decoded",
      ]] as const
    ) {
      const served: Served = { coding: "gzip", etag: '"one"', conditions: false, body: GZIP };
      await using bench = await DownloadBench.start((request) => answer(served, request), { lane });
      bench.context.overwrite = "changed";
      assertEquals(await ask(bench, task), first);
      // Whether a file has its checksum, only its bytes tell.
      const again = "checksum" in task ? "decoded" : "unchanged";
      assertEquals([await ask(bench, task), await ask(bench, task)], [again, again], JSON.stringify(task));
      for (const etag of ['"two"', 'W/"two"']) {
        served.etag = etag;
        assertEquals(await ask(bench, task), "decoded", etag);
      }
      // A weak one stands for no bytes.
      assertEquals(await ask(bench, task), "decoded");
    }
  });
}
