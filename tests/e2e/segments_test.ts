/** Several connections for one file, through the command line. */
import { assert, assertEquals } from "@std/assert";
import { hash } from "node:crypto";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { NginxServer } from "../support/nginx_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { TempDir } from "../support/temp_dir.ts";

const LARGE = 40_000_000;

type Ranges = [from: number, to: number][];

const sum = (ranges: Ranges) => ranges.reduce((bytes, [from, to]) => bytes + to - from, 0);

async function written(info: string): Promise<Ranges> {
  try {
    return JSON.parse(await Deno.readTextFile(info)).written ?? [];
  } catch {
    return [];
  }
}

/** What a request asked for: the first byte, and the first behind the last. */
function asked(range: string | undefined): [number, number] {
  const [, from, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  assert(from !== undefined, `${range}`);
  return [Number(from), last === "" ? LARGE : Number(last) + 1];
}

const STOPS = [["SIGKILL", 137, 1], ["SIGKILL", 137, 4], ["SIGTERM", 143, 4]] as const;
shareCommandProcesses(2);

for (const [signal, code, next] of STOPS) {
  Deno.test(`corehaul get --segments asks only for what is missing after ${signal}, over ${next}, with nginx`, async () => {
    await using home = await TempDir.create();
    const content = bytesFor("large", LARGE);
    await Deno.mkdir(home.join("root"));
    await Deno.writeFile(home.join("root/large.bin"), content);
    await Deno.utime(home.join("root/large.bin"), 1_700_000_000, 1_700_000_000);
    await using server = await NginxServer.start(home.join("root"), { holdAfter: "5m" });
    const args = ["get", `${server.url}/large.bin`, "-d", "files", "--grace", "0", "--segments"];
    await using first = await Corehaul.start([...args, "4"], { cwd: home.path });
    const info = home.join("files/large.bin.part-info");
    await first.until("a part of it", async () => sum(await written(info)) > 12_000_000);
    first.kill(signal);
    assertCode(await first.ended(), code);
    const there = await written(info);
    assert(there.length > 1 && sum(there) < LARGE, JSON.stringify(there));
    assertEquals((await Deno.stat(home.join("files/large.bin.part"))).size, LARGE);
    const before = (await server.requests()).length;
    await server.letGo();
    assertCode(await corehaul([...args, String(next)], { cwd: home.path }), 0);
    assertEquals(
      hash("sha256", await Deno.readFile(home.join("files/large.bin")), "hex"),
      hash("sha256", content, "hex"),
    );
    const requests = (await server.requests()).slice(before);
    assert(requests.every(({ status }) => status === 206), JSON.stringify(requests));
    const ranges = requests.map(({ range }) => asked(range));
    for (const [from, to] of ranges) {
      assert(there.every(([a, b]) => to <= a || from >= b), `${from}-${to} was there: ${JSON.stringify(there)}`);
    }
    if (next === 1) assertEquals(sum(ranges), LARGE - sum(there));
    else assert(ranges.length >= 4, JSON.stringify(ranges));
    assertEquals((await Array.fromAsync(Deno.readDir(home.join("files")))).map(({ name }) => name).sort(), [
      ".corehaul",
      "large.bin",
    ]);
  });
}

testClients("corehaul keeps to --per-host with --segments, and to the segments of a task", async (client) => {
  await using home = await TempDir.create();
  const file = new RemoteFile({ length: 6_000_000, headers: { "accept-ranges": "bytes" } });
  const small = 12;
  let served = 0;
  let most = 0;
  // No connection ends before there are as many as may be and files of another host have come: a further one would be seen.
  await using server = FaultServer.start(async (request, server) => {
    if (served < small) most = Math.max(most, server.open);
    const answer = file.answer(request);
    const { status, headers } = answer;
    return server.flow(await answer.bytes(), 100_000, () => served === small, { status, headers });
  });
  await using other = FaultServer.start(async (_request, other) => {
    await other.hold(() => server.open >= 4);
    served++;
    return new Response("x");
  });
  const entries = [
    ...[`${server.url}/one`, `${server.url}/two`, { url: `${server.url}/alone`, segments: 1 }],
    ...Array.from({ length: small }, (_, i) => `${other.url}/${i}`),
  ];
  const more = ["--segments", "8", "--per-host", "4", "--workers", "1", "--concurrency", "6"];
  const { ended, tasks } = await runOnce(home, client, entries, more);
  assertCode(ended, 0);
  assertEquals(tasks.map(({ status }) => status), Array(3 + small).fill("done"));
  for (const name of ["one", "two", "alone"]) {
    assertEquals(hash("md5", await Deno.readFile(home.join(`files/${name}`))), hash("md5", file.content()));
  }
  assertEquals(most, 4);
  assertEquals([server.hits("/alone"), server.hits("/one") + server.hits("/two") > 2], [1, true]);
});
