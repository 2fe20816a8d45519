/** Ports that browsers block, through the command line. */
import { assert, assertEquals } from "@std/assert";
import { assertCode, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses(2);

testClients("corehaul run fetches, continues and splits files of a port that browsers block", async (client) => {
  await using home = await TempDir.create();
  const [broken, split] = [new RemoteFile(), new RemoteFile({ length: 20_000_000 })];
  broken.breaks.push(2_000_000);
  await using server = FaultServer.startOnBlockedPort(({ path, headers }) => {
    if (path === "/chunks") return new Response(new Blob([bytesFor(path, 100_000)]).stream());
    return (path === "/broken" ? broken : split).answer({ headers });
  });
  const entries = [
    `${server.url}/chunks`,
    { url: `${server.url}/broken`, out: "broken" },
    { url: `${server.url}/split`, out: "split", segments: 4 },
  ];
  const { ended } = await runOnce(home, client, entries);
  assertCode(ended, 0);
  const expected = { chunks: bytesFor("/chunks", 100_000), broken: broken.content(), split: split.content() };
  for (const [name, content] of Object.entries(expected)) {
    const stored = await Deno.readFile(home.join("files", name));
    assert(stored.length === content.length && stored.every((byte, i) => byte === content[i]), name);
  }
  const ranges = (path: string) =>
    server.requests.filter((asked) => asked.path === path).map(({ headers }) => headers.get("range"));
  const [first, second, ...more] = ranges("/broken");
  assertEquals([first, second?.startsWith("bytes="), more], [null, true, []]);
  assert(ranges("/split").some((range) => range !== null));
  assertEquals(ranges("/chunks"), [null]);
});
