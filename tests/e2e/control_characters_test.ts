/** What a list or a server says cannot control the terminal that shows it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { TempDir } from "../support/temp_dir.ts";

const SEQUENCES = "\u001b[31mRED\u001b]0;title\u0007\u009b0m\u007f";
const QUEUE = ["--queue", "kv:queue.db"];

/** An FTP server that greets everybody with a refusal. */
function refuseAll(text: string): AsyncDisposable & { url: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.write(new TextEncoder().encode(`530 ${text}\r\n`)).catch(() => {});
      connection.close();
    }
  })();
  return {
    url: `ftp://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

function assertPlain(text: string): void {
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(text), JSON.stringify(text));
}

shareCommandProcesses();

Deno.test("corehaul shows no control character of a url or of a server's reply, and keeps those of urls in JSON", async () => {
  await using home = await TempDir.create();
  await using server = refuseAll(SEQUENCES);
  const urls = [`${server.url}/a`, `gopher://127.0.0.1/${SEQUENCES}`, `gopher://127.0.0.1/x\ny`];
  await home.write("list.json", JSON.stringify([...urls, { url: SEQUENCES }]));
  const options = { cwd: home.path };
  const run = ["run", "--once", "--tasks", "list.json", "--retries", "0", ...QUEUE];
  const ended = await corehaul(run, options);
  assertCode(ended, 1);
  assertMatch(ended.stderr, /ftp:.*RED.*title/);
  assertMatch(ended.stderr, /gopher:.*RED.*title/);
  const shown = [ended];
  for (const command of [["list"], ["why", "t1", "t2"], ["check", "list.json"]]) {
    const answer = await corehaul([...command, ...QUEUE], options);
    assertMatch(answer.stdout, /RED/);
    shown.push(answer);
  }
  for (const { stdout, stderr } of shown) assertPlain(stdout + stderr);
  // A line break in a url makes no second row.
  assertEquals(shown[1]!.stdout.trimEnd().split("\n").length, 3);
  const logging = ["get", ...urls, "--retries", "0", "--log-file", "run.log"];
  assertCode(await corehaul(logging, options), 1);
  const log = await Deno.readTextFile(home.join("run.log"));
  assertMatch(log, /ftp:.*RED.*title/);
  assertPlain(log);
  const tasks = jsonLines((await corehaul(["list", "--json", ...QUEUE], options)).stdout);
  assertEquals(tasks.map(({ url }) => url), urls);
  const { message } = tasks[0]!.error as { message: string };
  assertMatch(message, /RED.*title/);
  assertPlain(message);
});
