/** Large files go on where they ended, whatever ended them, and never mix two versions. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { hash } from "node:crypto";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { NginxServer } from "../support/nginx_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { TempDir } from "../support/temp_dir.ts";

const LARGE = 40_000_000;
const PART_SEEN = 4_000_000;

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch {
    return 0;
  }
}

shareCommandProcesses();

for (const [signal, code] of [["SIGKILL", 137], ["SIGTERM", 143]] as const) {
  Deno.test(`corehaul get goes on at its byte after ${signal}, with nginx`, async () => {
    await using home = await TempDir.create();
    const content = bytesFor("large", LARGE);
    await Deno.mkdir(home.join("root"));
    await Deno.writeFile(home.join("root/large.bin"), content);
    // A date of this very second would be no proof.
    await Deno.utime(home.join("root/large.bin"), 1_700_000_000, 1_700_000_000);
    await using server = await NginxServer.start(home.join("root"), { holdAfter: "6m" });
    const args = ["get", `${server.url}/large.bin`, "-d", "files", "--grace", "0"];
    await using first = await Corehaul.start(args, { cwd: home.path });
    await first.until("a part of it", async () => await sizeOf(home.join("files/large.bin.part")) > PART_SEEN);
    first.kill(signal);
    assertCode(await first.ended(), code);
    const left = await sizeOf(home.join("files/large.bin.part"));
    assert(left > PART_SEEN && left < LARGE, `${left}`);
    await server.letGo();
    assertCode(await corehaul(args, { cwd: home.path }), 0);
    assertEquals(
      hash("sha256", await Deno.readFile(home.join("files/large.bin")), "hex"),
      hash("sha256", content, "hex"),
    );
    assertEquals((await server.requests()).at(-1)?.status, 206);
    assertEquals((await Array.fromAsync(Deno.readDir(home.join("files")))).map(({ name }) => name).sort(), [
      ".corehaul",
      "large.bin",
    ]);
  });
}

Deno.test("corehaul run that was frozen past its lease does not write into what another has finished", async () => {
  await using home = await TempDir.create();
  const file = new RemoteFile({ length: 5_000_000 });
  let thawed = false;
  await using server = FaultServer.start((request, server) => {
    const answer = file.answer(request);
    if (request.nth > 1) return answer;
    const content = file.content();
    let sent = false;
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent) await server.hold(() => thawed);
        controller.enqueue(sent ? content.slice(2_000_000) : content.slice(0, 2_000_000));
        if (sent) controller.close();
        sent = true;
      },
    }, { highWaterMark: 0 });
    return new Response(stream, { headers: answer.headers });
  });
  await home.write("tasks.txt", `${server.url}/large.bin\n`);
  const args = ["run", "--once", "--tasks", "tasks.txt", "-d", "files", "--queue", "kv:list.db"];
  await using frozen = await Corehaul.start(args, { cwd: home.path });
  await frozen.until("a part of it", async () => await sizeOf(home.join("files/large.bin.part")) >= 2_000_000);
  frozen.kill("SIGSTOP");
  file.version = "two";
  const other = await corehaul(args, { cwd: home.path });
  assertCode(other, 0);
  assertMatch(other.stderr, /tasks? (of dead owners|reclaimed)|went back|reclaim/i);
  const finished = await Deno.readFile(home.join("files/large.bin"));
  assertEquals(finished, file.content("two"));
  thawed = true;
  frozen.kill("SIGCONT");
  await frozen.ended();
  assertEquals(await Deno.readFile(home.join("files/large.bin")), file.content("two"));
  const names = (await Array.fromAsync(Deno.readDir(home.join("files")))).map(({ name }) => name);
  assertEquals(names.sort(), [".corehaul", "large.bin"]);
});
