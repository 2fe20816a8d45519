/** What servers say to get a file to where it does not belong. */
import { assert, assertEquals } from "@std/assert";
import { outProblem } from "../../download/task_names.ts";
import { DownloadBench } from "./download_bench.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

/** Text as its UTF-8 bytes, one character each. */
function bytes(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** What the field says, and the name that is left of it; `get` is the preliminary one. */
const FIELDS: [field: string, name: string][] = [
  ['attachment; filename="../../etc/passwd"', "passwd"],
  ["attachment; filename*=UTF-8''..%2f..%2fetc%2fpasswd", "passwd"],
  ["attachment; filename*=UTF-8''%2e%2e%5c%2e%2e%5cboot.ini", "boot.ini"],
  ['attachment; filename="C:\\x"', "C_x"],
  ['attachment; filename="C:\\\\x"', "x"],
  ['attachment; filename="\\\\\\\\host\\\\share\\\\x.exe"', "x.exe"],
  ['attachment; filename="/etc/cron.d/x"', "x"],
  ['attachment; filename="~/.ssh/authorized_keys"', "authorized_keys"],
  ['attachment; filename=""', "get"],
  ['attachment; filename="."', "get"],
  ['attachment; filename=".."', "get"],
  ['attachment; filename="......"', "get"],
  ['attachment; filename=" . . "', "get"],
  ['attachment; filename="a/"', "get"],
  ["attachment; filename*=UTF-8''a%00b.txt", "a_b.txt"],
  ["attachment; filename*=UTF-8''a%0d%0ab.txt", "a__b.txt"],
  ["attachment; filename*=UTF-8''a%c0%afb.txt; filename=plain.txt", "plain.txt"],
  ["attachment; filename*=UTF-8''%e2%80%aefdp.exe", "_fdp.exe"],
  [`attachment; filename="${bytes("invoice\u2066.exe")}"`, "invoice_.exe"],
  [`attachment; filename="${bytes("e\u0301.txt")}"`, "é.txt"],
  ["attachment; filename=.corehaul", "_corehaul"],
  ['attachment; filename=".corehaul/manifest/x.jsonl"', "x.jsonl"],
  ["attachment; filename=.htaccess", "_htaccess"],
  ["attachment; filename=report.part", "report.part_"],
  ["attachment; filename=report.part-info", "report.part-info_"],
  ["attachment; filename=REPORT.PART-1", "REPORT.PART-1_"],
  ["attachment; filename=CON", "_CON"],
  ["attachment; filename=nul.txt", "_nul.txt"],
  ['attachment; filename="com1 .txt"', "_com1 .txt"],
  ['attachment; filename="x.txt..."', "x.txt"],
  ['attachment; filename="x.txt  "', "x.txt"],
  [`attachment; filename="${"a".repeat(5000)}.tar.gz"`, `${"a".repeat(168)}.gz`],
  [`attachment; filename*=UTF-8''${"%e6%96%87".repeat(1500)}`, "文".repeat(57)],
  ['attachment; filename="unfinished.txt', "get"],
];

for (const lane of [true, false]) {
  Deno.test(`Attempt gets no file out of its folder by any name of a server, ${lane ? "lane" : "fetch"}`, async () => {
    let field = "";
    await using raw = new RawServer(answering(() => reply("content", "200 OK", `Content-Disposition: ${field}`)));
    for (const [text, name] of FIELDS) {
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
