/** A process that may have few files open. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { assertCode, Corehaul, corehaul } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";

const FILES = 60;
const HOSTS = 20;
const FEW = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh"];

for (const client of ["auto", "fetch"]) {
  Deno.test(`corehaul has fewer files at a time where it may open few, and loses none of them, ${client}`, async () => {
    await using home = await TempDir.create();
    await using servers = new AsyncDisposableStack();
    let open = 0;
    let most = 0;
    // A connection to one server does not serve another.
    const urls = Array.from({ length: HOSTS }, () => {
      const server = servers.use(FaultServer.start(async ({ path }) => {
        most = Math.max(most, ++open);
        await delay(100);
        open--;
        return new Response(bytesFor(path, path.endsWith("0") ? 200_000 : 1000), { headers: { etag: '"1"' } });
      }));
      return server.url;
    });
    const names = Array.from({ length: FILES }, (_, i) => String(i));
    await home.write("list.txt", names.map((name, i) => `${urls[i % HOSTS]}/${name}`).join("\n"));
    const args = ["get", "-i", "list.txt", "--dir", "files", "--retries", "0", "--http-client", client];
    await using process = await Corehaul.start(args, { cwd: home.path, wrapper: FEW });
    const ended = await process.ended();
    assertCode(ended, 0);
    assertMatch(
      ended.stderr,
      /may open 64 files \(ulimit -n\): \d+ workers? ha(?:s|ve) \d+ downloads? at a time each, /,
    );
    for (const name of names) {
      const bytes = bytesFor(`/${name}`, name.endsWith("0") ? 200_000 : 1000);
      assertEquals(await Deno.readFile(home.join("files", name)), bytes);
    }
    assert(most > 1 && most <= 10, `${most}`);
  });
}

Deno.test("corehaul doctor says how much fits into what it may open", async () => {
  await using home = await TempDir.create();
  const few = await corehaul(["doctor"], { cwd: home.path, wrapper: FEW });
  assertCode(few, 0);
  assertMatch(few.stdout, /^ok +files +This process may open 64 files \(ulimit -n\): \d+ workers? ha/m);
  const many = await corehaul(["doctor"], { cwd: home.path });
  assertMatch(many.stdout, /^ok +files +\d+ may be open \(ulimit -n\), which is enough$/m);
});
