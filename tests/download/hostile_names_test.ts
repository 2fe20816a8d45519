/** What servers say to get a file to where it does not belong. */
import { assert, assertEquals } from "@std/assert";
import { outProblem } from "../../download/task_names.ts";
import { HOSTILE_NAMES } from "../support/hostile_names.ts";
import { DownloadBench } from "./download_bench.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

for (const lane of [true, false]) {
  Deno.test(`Attempt gets no file out of its folder by any name of a server, ${lane ? "lane" : "fetch"}`, async () => {
    let field = "";
    await using raw = new RawServer(answering(() => reply("content", "200 OK", `Content-Disposition: ${field}`)));
    for (const [text, name] of HOSTILE_NAMES) {
      field = text;
      await using bench = await DownloadBench.start(() => new Response("not asked"), { lane });
      const outer = new Set([...Deno.readDirSync(`${bench.root}/..`)].map((entry) => entry.name));
      const outcome = await bench.fetch("", { url: raw.url("/get").href, out: "get", named: false });
      assertEquals(outcome.type, "done", `${text}: ${JSON.stringify(outcome)}`);
      assertEquals(bench.names(), [name], text);
      assertEquals(outProblem(name), undefined);
      assertEquals(Deno.readTextFileSync(bench.path(name)), "content");
      assertEquals([...Deno.readDirSync(bench.root)].map((entry) => entry.name).sort(), [".corehaul", name].sort());
      const news = [...Deno.readDirSync(`${bench.root}/..`)].map((entry) => entry.name).filter((name) =>
        !outer.has(name)
      );
      assert(!news.some((entry) => ["passwd", "x", "x.exe", "boot.ini"].includes(entry)), news.join());
    }
  });

  Deno.test(`Attempt takes no answer whose head has a zero byte, ${lane ? "lane" : "fetch"}`, async () => {
    const head = 'Content-Disposition: attachment; filename="a\0b"';
    await using raw = new RawServer(answering(() => reply("content", "200 OK", head)));
    await using bench = await DownloadBench.start(() => new Response("not asked"), { lane });
    const outcome = await bench.fetch("", { url: raw.url("/get").href, out: "get", named: false });
    assertEquals([outcome.type, bench.names()], ["retry", []]);
  });

  Deno.test(`Attempt names nothing by two fields that contradict each other, ${lane ? "lane" : "fetch"}`, async () => {
    const fields = ["a", "b"].map((name) => `Content-Disposition: attachment; filename=${name}.txt`);
    await using raw = new RawServer(answering(() => reply("content", "200 OK", ...fields)));
    await using bench = await DownloadBench.start(() => new Response("not asked"), { lane });
    const outcome = await bench.fetch("", { url: raw.url("/get").href, out: "get", named: false });
    assertEquals([outcome.type, bench.names()], ["done", ["get"]]);
  });

  Deno.test(`Attempt gets no file out of its folder by any url that a redirect leads to, ${lane ? "lane" : "fetch"}`, async () => {
    const paths: [path: string, name: string][] = [
      ["/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "_._.._etc_passwd"],
      ["/a/..%5c..%5cx", "_._.._x"],
      ["/%00", "_"],
      ["/.corehaul", "_corehaul"],
      ["/x.part", "x.part_"],
      ["/CON", "_CON"],
      [`/${"x".repeat(5000)}`, "x".repeat(171)],
      ["/../../..", "get"],
    ];
    for (const [path, name] of paths) {
      await using raw = new RawServer(
        answering((request) =>
          request.startsWith("GET /get ") ? reply("", "302 Found", `Location: ${path}`) : reply("content")
        ),
      );
      await using bench = await DownloadBench.start(() => new Response("not asked"), { lane });
      const outcome = await bench.fetch("", { url: raw.url("/get").href, out: "get", named: false });
      assertEquals(outcome.type, "done", `${path}: ${JSON.stringify(outcome)}`);
      assertEquals(bench.names(), [name], path);
    }
  });
}
