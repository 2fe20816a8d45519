/** Bodies with a Content-Encoding of which the user's size or checksum, or what comes out of them, says what the file is. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import * as zlib from "node:zlib";
import { bytesFor } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Nothing makes it much smaller. */
const LARGE: Bytes = Uint8Array.from(
  Array.from({ length: 3_000_000 >> 5 }, (_, i) => [...hash("sha256", `${i}`, "buffer")]).flat(),
);
const PLAIN: Record<string, Bytes> = { small: bytesFor("x", 1000), large: LARGE };
const FORMS = ["sized", "chunks"] as const;

function gzip(bytes: Uint8Array): Bytes {
  return Uint8Array.from(zlib.gzipSync(bytes));
}

const GZIP = { small: gzip(PLAIN.small!), large: gzip(LARGE) } as Record<string, Bytes>;

function sum(bytes: Uint8Array): string {
  return `sha-256:${hash("sha256", bytes)}`;
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** An answer with a coding, with a length or without. */
function answer(body: Bytes, coding: string, form: string, fields: Record<string, string> = {}): Response {
  return new Response(form === "chunks" ? new Blob([body]).stream() : body, {
    headers: { "content-encoding": coding, etag: '"x"', ...fields },
  });
}

for (const lane of [true, false]) {
  const way = lane ? "lane" : "fetch";

  Deno.test(`Attempt takes the form of the body that has the size of the task, ${way}`, async () => {
    await using bench = await DownloadBench.start(({ search }) => {
      const [size, form, coding = "gzip"] = search.slice(1).split(".");
      return answer(GZIP[size!]!, coding, form!);
    }, { lane });
    for (const path of ["/x.txt", "/x.tar.gz"]) {
      for (const name of ["small", "large"]) {
        for (const form of FORMS) {
          for (const bytes of [GZIP[name]!, PLAIN[name]!]) {
            for (const segments of [1, 4]) {
              const out = `${path.slice(1)}-${name}-${form}-${bytes.length}-${segments}`;
              const task = { out, size: bytes.length, segments };
              const outcome = await bench.fetch(`${path}?${name}.${form}`, task);
              assert(outcome.type === "done", `${out}: ${JSON.stringify(outcome)}`);
              assert(same(bench.read(out), bytes), out);
              assertEquals(outcome.facts.bytes, bytes.length);
              assertEquals(outcome.contentEncoding, bytes === GZIP[name] ? "gzip" : undefined);
            }
          }
        }
      }
    }
    // One request for each file, beside those for parts of it.
    const whole = bench.server.requests.filter(({ headers }) => !headers.has("range"));
    assertEquals(whole.length, bench.names().length);
    const neither = await bench.fetch("/x.txt?small.sized", { out: "neither", size: 5 });
    assert(neither.type === "failed" && neither.error.kind === "integrity", JSON.stringify(neither));
    assert(!bench.names().some((name) => name.startsWith("neither")));
  });

  Deno.test(`Attempt takes the form of the body that has the checksum of the task, ${way}`, async () => {
    await using bench = await DownloadBench.start(({ search }) => {
      const [nth, size, form] = search.slice(1).split(".");
      const digest = { "repr-digest": `sha-256=:${hash("sha256", GZIP[size!]!, "base64")}:` };
      return answer(GZIP[size!]!, codings[Number(nth)]!, form!, digest);
    }, { lane });
    const codings = ["gzip", "identity, gzip", "x-gzip"];
    for (const [nth, coding] of codings.entries()) {
      for (const path of ["/x.txt", "/x.tar.gz"]) {
        for (const name of ["small", "large"]) {
          for (const form of FORMS) {
            for (const bytes of [GZIP[name]!, PLAIN[name]!]) {
              const out = `${nth}${path.slice(1)}-${name}-${form}-${bytes.length}`;
              const outcome = await bench.fetch(`${path}?${nth}.${name}.${form}`, { out, checksum: sum(bytes) });
              assert(outcome.type === "done", `${out}: ${JSON.stringify(outcome)}`);
              assert(same(bench.read(out), bytes), out);
              assertEquals(outcome.contentEncoding, bytes === GZIP[name] ? coding : undefined);
            }
          }
        }
      }
    }
    assertEquals(bench.server.requests.length, bench.names().length);
  });

  Deno.test(`Attempt fails a body that has the checksum in no form, and keeps nothing of it, ${way}`, async () => {
    const text = new TextEncoder().encode("this is no gzip");
    await using bench = await DownloadBench.start(({ path }) => {
      return answer(path === "/text" ? text : GZIP.large!, "gzip", "sized");
    }, { lane });
    for (const path of ["/x.txt", "/x.tar.gz", "/text"]) {
      const outcome = await bench.fetch(path, { checksum: sum(new Uint8Array(5)) });
      assert(outcome.type === "failed", JSON.stringify(outcome));
      assertEquals(outcome.error.kind, "integrity");
      assertMatch(outcome.error.message, /sha-256 must be/);
      // It is asked for once more, from zero.
      assertEquals([bench.server.hits(path), bench.names()], [2, []]);
    }
    // What is no gzip may well be the file.
    const outcome = await bench.fetch("/text", { checksum: sum(text) });
    assert(outcome.type === "done" && same(bench.read(), text), JSON.stringify(outcome));
  });

  Deno.test(`Attempt holds a server to the digest of the bytes that it sends, whatever the file is, ${way}`, async () => {
    await using bench = await DownloadBench.start(() => {
      const wrong = { "repr-digest": `sha-256=:${hash("sha256", "other", "base64")}:` };
      return answer(GZIP.large!, "gzip", "sized", wrong);
    }, { lane });
    const outcome = await bench.fetch("/x.txt", { checksum: sum(LARGE) });
    assert(outcome.type === "failed" && outcome.error.kind === "integrity", JSON.stringify(outcome));
    assertEquals(bench.names(), []);
  });

  Deno.test(`Attempt takes the coding off a packed file where it is on top of that, once, ${way}`, async () => {
    await using bench = await DownloadBench.start(({ search }) => {
      const [nth, size, form] = search.slice(1).split(".");
      const [coding, on] = codings[Number(nth)]!;
      return answer(on(GZIP[size!]!), coding, form!);
    }, { lane });
    const codings: [coding: string, on: (bytes: Bytes) => Bytes][] = [
      ["gzip", gzip],
      ["gzip", (bytes) => bytes],
      ["gzip, gzip", gzip],
      ["gzip, gzip", (bytes) => bytes],
      ["x-gzip", (bytes) => gzip(gzip(bytes))],
    ];
    for (const [nth, [coding, on]] of codings.entries()) {
      for (const name of ["small", "large"]) {
        for (const form of FORMS) {
          const out = `${nth}-${name}-${form}`;
          const outcome = await bench.fetch(`/x.tar.gz?${nth}.${name}.${form}`, { out });
          assert(outcome.type === "done", JSON.stringify(outcome));
          const sent = on(GZIP[name]!);
          const wanted = same(sent, GZIP[name]!) ? sent : Uint8Array.from(zlib.gunzipSync(sent));
          assert(same(bench.read(out), wanted), out);
          assertEquals(outcome.contentEncoding, wanted === sent ? coding : undefined, out);
          assertEquals(outcome.facts.bytes, wanted.length);
        }
      }
    }
    assertEquals(bench.names().length, 4 * codings.length);
  });

  for (const segments of [1, 4]) {
    Deno.test(`Attempt continues what is decoded when it is whole, ${segments} connections, ${way}`, async () => {
      const coded = GZIP.large!;
      const file = new RemoteFile({ headers: { "content-encoding": "gzip" }, content: () => coded });
      await using bench = await DownloadBench.start((request) => file.answer(request), {
        lane,
        segments: { count: segments, bytes: 500_000 },
      });
      file.breaks.push(1_500_000);
      const checksum = sum(LARGE);
      assertEquals((await bench.fetch("/x", { checksum, segments: 1 })).type, "retry");
      const info = JSON.parse(Deno.readTextFileSync(bench.path("file.part-info")));
      assertEquals([info.coding, info.form], ["gzip", "sent"]);
      const outcome = await bench.fetch("/x", { checksum, attempts: 1 });
      assert(outcome.type === "done", JSON.stringify(outcome));
      assert(same(bench.read(), LARGE));
      assertEquals([outcome.contentEncoding, outcome.facts.bytes], [undefined, LARGE.length]);
      assertEquals(bench.names(), ["file"]);
      const ranges = bench.server.requests.slice(1).map(({ headers }) => headers.get("range"));
      assert(ranges.length >= 1 && ranges.every((range) => range !== null), ranges.join());
    });
  }

  Deno.test(`Attempt decodes what was there, all of it, from an earlier time, ${way}`, async () => {
    const file = new RemoteFile({ headers: { "content-encoding": "gzip" }, content: () => GZIP.large! });
    for (
      const [path, task, wanted] of [
        ["/x", { checksum: sum(LARGE) }, LARGE],
        ["/x", { checksum: sum(GZIP.large!) }, GZIP.large!],
        ["/x.gz", {}, GZIP.large!],
        ["/x", {}, LARGE],
      ] as const
    ) {
      await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
      bench.context.contentEncoding = "keep";
      file.breaks.push(1_500_000);
      assertEquals((await bench.fetch(path)).type, "retry");
      Deno.writeFileSync(bench.path("file.part"), GZIP.large!);
      bench.context.contentEncoding = "auto";
      const outcome = await bench.fetch(path, { attempts: 1, ...task });
      assert(outcome.type === "done", JSON.stringify(outcome));
      assert(same(bench.read(), wanted), path);
      assertEquals(outcome.contentEncoding, wanted === LARGE ? undefined : "gzip");
      assertEquals(bench.server.requests.length, 2);
      assertEquals(bench.names(), ["file"]);
    }
  });

  Deno.test(`Attempt keeps nothing that cannot be decoded when it is whole, ${way}`, async () => {
    const broken = GZIP.large!.with(2_000_000, GZIP.large![2_000_000]! ^ 1);
    const file = new RemoteFile({ headers: { "content-encoding": "gzip" }, content: () => broken });
    await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
    bench.context.contentEncoding = "keep";
    file.breaks.push(1_500_000);
    assertEquals((await bench.fetch("/x")).type, "retry");
    bench.context.contentEncoding = "auto";
    const outcome = await bench.fetch("/x", { attempts: 1 });
    assert(outcome.type === "failed" && outcome.error.kind === "protocol", JSON.stringify(outcome));
    assertMatch(outcome.error.message, /the body is not gzip, as its Content-Encoding says$/);
    assertEquals(bench.names(), []);
  });

  Deno.test(`Attempt looks at size and type of what it decodes at the end, ${way}`, async () => {
    const page = new TextEncoder().encode(`<!DOCTYPE html><title>sorry</title>${" ".repeat(200_000)}`);
    await using bench = await DownloadBench.start(() => answer(gzip(page), "gzip", "sized"), {
      lane,
      expectType: "auto",
    });
    const typed = await bench.fetch("/x", { out: "cat.jpg", checksum: sum(page) });
    assert(typed.type === "failed" && typed.error.kind === "integrity", JSON.stringify(typed));
    assertMatch(typed.error.message, /HTML page|sha-256/);
    bench.context.maxSize = 100_000;
    const large = await bench.fetch("/x", { out: "page.html", checksum: sum(page) });
    assert(large.type === "failed" && large.error.kind === "size", JSON.stringify(large));
    bench.context.maxSize = 1_000_000;
    assertEquals((await bench.fetch("/x", { out: "page.html", checksum: sum(page) })).type, "done");
    assertEquals(bench.names(), ["page.html"]);
  });

  Deno.test(`Attempt replaces an old file by one that it decoded at the end, and brings it to the disk, ${way}`, async () => {
    await using bench = await DownloadBench.start(() => answer(GZIP.large!, "gzip", "sized"), { lane });
    bench.context.overwrite = "always";
    bench.context.fsync = true;
    Deno.writeTextFileSync(bench.path("file"), "old");
    const outcome = await bench.fetch("/x", { checksum: sum(LARGE) });
    assert(outcome.type === "done" && same(bench.read(), LARGE), JSON.stringify(outcome));
    assertEquals(bench.names(), ["file"]);
  });
}
