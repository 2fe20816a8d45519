/** Bodies with a Content-Encoding that are stored as they were sent: what it says of them is what they are. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import * as zlib from "node:zlib";
import { hash } from "node:crypto";
import type { ManifestLine } from "../../download/manifest_line.ts";
import { manifestFolder } from "../../download/manifest_files.ts";
import { bytesFor } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

const PLAIN = bytesFor("x", 300_000).map((byte, i) => byte ^ (i >> 7));
const GZIP = Uint8Array.from(zlib.gzipSync(PLAIN));
/** Nothing makes it much smaller. */
const LARGE = Uint8Array.from(
  Array.from({ length: 3_000_000 >> 5 }, (_, i) => [...hash("sha256", `${i}`, "buffer")]).flat(),
);
const LARGE_GZIP = Uint8Array.from(zlib.gzipSync(LARGE));
const BR = Uint8Array.from(zlib.brotliCompressSync(PLAIN));
const SMALL = Uint8Array.from(zlib.gzipSync("hello"));

function lines(bench: DownloadBench): ManifestLine[] {
  const folder = manifestFolder(bench.root);
  return [...Deno.readDirSync(folder)].flatMap(({ name }) =>
    Deno.readTextFileSync(`${folder}/${name}`).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line))
  );
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

for (const lane of [true, false]) {
  const way = lane ? "lane" : "fetch";

  Deno.test(`Attempt keeps the bytes of what is packed by its name or type, ${way}`, async () => {
    const packed: [path: string, coding: string, fields?: Record<string, string>][] = [
      ["/a.tar.gz", "x-gzip"],
      ["/a.tar.gz", "gzip"],
      ["/a.tgz", "GZIP"],
      ["/A.TAR.GZ", "gzip"],
      ["/a.svgz", "gzip"],
      ["/a.tz", "gzip"],
      ["/a%2egz?name=b.txt", "gzip"],
      ["/a.tar.gz", "identity, gzip"],
      ["/a.tar.gz", "gzip, gzip"],
      ["/download", "x-gzip", { "content-disposition": 'attachment; filename="a.tar.gz"' }],
      ["/download", "gzip", { "content-type": "application/gzip" }],
      ["/download", "gzip", { "content-type": "application/x-gzip; charset=binary" }],
      ["/download", "gzip", { "content-type": "application/vnd.oci.image.layer.v1.tar+gzip" }],
      ["/from", "gzip"],
      ["/a.tar.Z", "x-compress"],
      ["/a.txt.br", "br"],
      ["/a.tar.zst", "zstd"],
      ["/a.tar.bz2", "x-bzip2"],
      ["/a.tar.xz", "x-xz"],
    ];
    await using bench = await DownloadBench.start(({ path, search }) => {
      if (path === "/from") return new Response("", { status: 302, headers: { location: `/to.tgz${search}` } });
      const [nth, body] = new URLSearchParams(search).get("n")!.split(".");
      const [, coding, fields] = packed[Number(nth)]!;
      const bytes = body === "small" ? SMALL : GZIP;
      return new Response(body === "chunks" ? new Blob([bytes]).stream() : bytes, {
        headers: {
          "content-encoding": coding,
          "repr-digest": `sha-256=:${hash("sha256", bytes, "base64")}:`,
          ...fields,
        },
      });
    }, { lane });
    for (const [nth, [path, coding]] of packed.entries()) {
      for (const body of ["small", "large", "chunks"]) {
        const out = `${nth}-${body}`;
        const outcome = await bench.fetch(`${path}${path.includes("?") ? "&" : "?"}n=${nth}.${body}`, { out });
        assert(outcome.type === "done", `${path}: ${JSON.stringify(outcome)}`);
        assert(same(bench.read(out), body === "small" ? SMALL : GZIP), `${path} ${body}`);
        assertEquals(outcome.contentEncoding, coding);
        const line = lines(bench).find((line) => line.out === out)!;
        assertEquals([line.contentEncoding, line.bytes], [coding, outcome.facts.bytes]);
        assertMatch(line.digest!, /^sha-256:/);
      }
    }
  });

  Deno.test(`Attempt decodes what is not packed by its name or type, ${way}`, async () => {
    const plain: [path: string, fields?: Record<string, string>][] = [
      ["/a.tar"],
      ["/a.gz.txt"],
      ["/gz"],
      ["/a.tar.gz/"],
      ["/a.txt?file=b.gz"],
      ["/a.json", { "content-type": "application/json" }],
      // Another way to pack is no reason to keep this one.
      ["/a.tar.zst"],
      ["/a.zip", { "content-type": "application/zip" }],
    ];
    await using bench = await DownloadBench.start(({ headers: _, path, search }) => {
      const fields = plain.find(([other]) => other === path + search)![1];
      return new Response(GZIP, { headers: { "content-encoding": "gzip", ...fields } });
    }, { lane });
    for (const [path] of plain) {
      const out = path.replaceAll(/[/?]/g, "_");
      const outcome = await bench.fetch(path, { out });
      assert(outcome.type === "done" && same(bench.read(out), PLAIN), `${path}: ${JSON.stringify(outcome)}`);
      assertEquals(outcome.contentEncoding, undefined);
      assert(!("contentEncoding" in lines(bench).find((line) => line.out === out)!));
    }
  });

  Deno.test(`Attempt stores what comes under a coding that is none as it was sent, and notes that, ${way}`, async () => {
    const odd = [
      "utf-8",
      "UTF-8",
      "none",
      "binary",
      "aws-chunked",
      "",
      "identity, gzip",
      "gzip,identity",
      "aws-chunked, gzip",
      "utf-8, none",
      "iso-8859-1",
      "text/plain",
      "charset=utf-8",
    ];
    await using bench = await DownloadBench.start(({ search }) => {
      const [nth, size] = search.slice(1).split(".");
      return new Response(size === "small" ? SMALL : GZIP, { headers: { "content-encoding": odd[Number(nth)]! } });
    }, { lane });
    for (const [nth, coding] of odd.entries()) {
      for (const size of ["small", "large"]) {
        const out = `${nth}-${size}`;
        const outcome = await bench.fetch(`/x?${nth}.${size}`, { out });
        assert(outcome.type === "done", `${coding}: ${JSON.stringify(outcome)}`);
        assert(same(bench.read(out), size === "small" ? SMALL : GZIP), coding);
        assertEquals(outcome.contentEncoding, coding);
        assertEquals(lines(bench).find((line) => line.out === out)!.contentEncoding, coding);
      }
    }
    assertEquals(bench.server.requests.length, 2 * odd.length);
  });

  Deno.test(`Attempt says nothing of a coding that does nothing, ${way}`, async () => {
    await using bench = await DownloadBench.start(({ search }) => {
      return new Response(GZIP, { headers: { "content-encoding": decodeURIComponent(search.slice(1)) } });
    }, { lane });
    for (const coding of ["identity", "Identity", "identity, identity"]) {
      const outcome = await bench.fetch(`/x?${encodeURIComponent(coding)}`, { out: coding });
      assert(outcome.type === "done" && same(bench.read(coding), GZIP), JSON.stringify(outcome));
      assertEquals([outcome.contentEncoding, lines(bench).at(-1)!.contentEncoding], [undefined, undefined]);
    }
  });

  Deno.test(`Attempt decodes always or never, where the user wants that, ${way}`, async () => {
    await using bench = await DownloadBench.start(({ search }) => {
      const coding = decodeURIComponent(search.slice(1));
      return new Response(coding === "br" ? BR : GZIP, { headers: { "content-encoding": coding } });
    }, { lane });
    const codings: [path: string, coding: string, decoded: "keep" | "decode" | "both" | "fails"][] = [
      ["/x.tar.gz", "gzip", "decode"],
      ["/x.txt", "x-gzip", "decode"],
      ["/x.txt", "br", "decode"],
      ["/x.txt", "identity, gzip", "decode"],
      ["/x.txt", "aws-chunked,gzip", "decode"],
      ["/x.txt", "utf-8", "both"],
      ["/x.txt", "compress", "fails"],
      ["/x.txt", "gzip, compress", "fails"],
    ];
    for (const mode of ["keep", "decode"] as const) {
      bench.context.contentEncoding = mode;
      for (const [nth, [path, coding, what]] of codings.entries()) {
        const out = `${mode}-${nth}`;
        const outcome = await bench.fetch(`${path}?${encodeURIComponent(coding)}`, { out });
        if (mode === "decode" && what === "fails") {
          assert(outcome.type === "failed" && outcome.error.kind === "protocol", JSON.stringify(outcome));
          continue;
        }
        assert(outcome.type === "done", `${coding}: ${JSON.stringify(outcome)}`);
        const decoded = mode === "decode" && what === "decode";
        assert(same(bench.read(out), decoded ? PLAIN : coding === "br" ? BR : GZIP), `${mode} ${coding}`);
        assertEquals(outcome.contentEncoding, decoded ? undefined : coding);
      }
    }
  });

  Deno.test(`Attempt goes on with nothing that was sent encoded, where all is to be decoded, ${way}`, async () => {
    const file = new RemoteFile({ headers: { "content-encoding": "gzip" }, content: () => LARGE_GZIP });
    await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
    bench.context.contentEncoding = "keep";
    file.breaks.push(1_500_000);
    assertEquals((await bench.fetch("/x")).type, "retry");
    bench.context.contentEncoding = "decode";
    const outcome = await bench.fetch("/x", { attempts: 1 });
    assert(outcome.type === "done", JSON.stringify(outcome));
    assert(same(bench.read(), LARGE));
    assertEquals(bench.names(), ["file"]);
  });

  for (const segments of [undefined, { count: 4, bytes: 200_000 }]) {
    const how = segments === undefined ? "one connection" : "several connections";

    Deno.test(`Attempt continues what is stored as it was sent, over ${how}, ${way}`, async () => {
      const file = new RemoteFile({ headers: { "content-encoding": "x-gzip" } });
      await using bench = await DownloadBench.start((request) => file.answer(request), {
        lane,
        ...(segments === undefined ? {} : { segments }),
      });
      file.breaks.push(1_500_000);
      const first = await bench.fetch("/x.gz");
      if (segments === undefined) {
        assertEquals(first.type, "retry");
        const info = JSON.parse(Deno.readTextFileSync(bench.path("file.part-info")));
        assertEquals([info.coding, info.form], ["x-gzip", "sent"]);
      }
      const second = first.type === "done" ? first : await bench.fetch("/x.gz", { attempts: 1 });
      assert(second.type === "done", JSON.stringify(second));
      assertEquals(second.contentEncoding, "x-gzip");
      assert(same(bench.read(), file.content()));
      if (segments === undefined) {
        assertEquals(bench.server.requests.map(({ headers }) => headers.get("range")), [null, "bytes=1500000-"]);
      }
      assertEquals(bench.names(), ["file"]);
    });
  }

  Deno.test(`Attempt keeps what was there, all of it, where the answer says that it is packed, ${way}`, async () => {
    const type = "application/gzip";
    const answers: [path: string, fields: Record<string, string>, lie?: (headers: Headers) => void][] = [
      ["/download", { "content-disposition": 'attachment; filename="a.tar.gz"' }],
      ["/download", { "content-type": type }],
      // An answer to a range need not repeat the type.
      ["/download", { "content-type": type }, (headers) => headers.delete("content-type")],
      ["/from", {}],
    ];
    for (const [path, fields, lie] of answers) {
      for (const left of [LARGE_GZIP, LARGE_GZIP.subarray(0, 2_000_000)]) {
        const file = new RemoteFile({
          headers: { "content-encoding": "gzip", ...fields },
          content: () => LARGE_GZIP,
          ...(lie === undefined ? {} : { lie }),
        });
        await using bench = await DownloadBench.start((request) => {
          if (request.path === "/from") return new Response("", { status: 302, headers: { location: "/to.tgz" } });
          return file.answer(request);
        }, { lane });
        file.breaks.push(1_500_000);
        assertEquals((await bench.fetch(path)).type, "retry");
        Deno.writeFileSync(bench.path("file.part"), left);
        const outcome = await bench.fetch(path, { attempts: 1 });
        assert(outcome.type === "done", JSON.stringify(outcome));
        const what = `${path} ${JSON.stringify(fields)} ${left.length}`;
        assert(same(bench.read(), LARGE_GZIP), what);
        assertEquals(outcome.contentEncoding, "gzip", what);
        assert(bench.server.requests.at(-1)!.headers.has("range"), what);
      }
    }
  });

  Deno.test(`Attempt begins anew where what it would go on with comes under another coding, ${way}`, async () => {
    for (const [before, after] of [["gzip", undefined], ["gzip", "br"], [undefined, "gzip"], ["utf-8", undefined]]) {
      let coding = before;
      const file = new RemoteFile();
      await using bench = await DownloadBench.start(async (request) => {
        const answer = await file.answer(request);
        if (coding !== undefined) answer.headers.set("content-encoding", coding);
        return answer;
      }, { lane });
      file.breaks.push(1_500_000);
      const name = `${before} ${after}`;
      assertEquals((await bench.fetch("/x.gz")).type, "retry", name);
      coding = after;
      const outcome = await bench.fetch("/x.gz", { attempts: 1 });
      const requests = bench.server.requests.map(({ headers }) => headers.get("range"));
      assertEquals(requests, [null, "bytes=1500000-", null], name);
      if (after === "br") {
        // It is none.
        assertEquals(outcome.type, "failed");
        continue;
      }
      assert(outcome.type === "done", `${name}: ${JSON.stringify(outcome)}`);
      assert(same(bench.read(), file.content()), name);
      assertEquals(outcome.contentEncoding, after);
    }
  });
}
