/** The command line without the flags that it needs: it starts itself once more. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { assertCode, Corehaul, corehaul, PROJECT_ROOT } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { writePlainConfig } from "../support/plain_config.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";
import { TerminalProcess } from "../support/terminal.ts";

Deno.test("corehaul without unstable flags starts itself again, and gives the exit code of its child", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 10)));
  const options = { cwd: home.path, config: await writePlainConfig(home), asUser: true };
  const good = await corehaul(["get", "-i", "-"], { ...options, stdin: `${server.url}/a\n` });
  assertCode(good, 0);
  assertMatch(good.stdout, /^1 files, /);
  assertCode(await corehaul(["status", "--queue", "kv:none.db"], options), 3);
  assertCode(await corehaul(["run", "--once=maybe"], options), 2);
});

Deno.test("corehaul says in one line which permission Deno was not given", async () => {
  await using home = await TempDir.create();
  const cli = fromFileUrl(new URL("cli.ts", PROJECT_ROOT));
  const given = ["run", "--quiet", "--no-prompt", "-R", "-W", "-N", "-E"];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...given, cli, "get", "data:,x", "--log-level", "error"],
    cwd: home.path,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 2);
  assertMatch(new TextDecoder().decode(stderr), /^corehaul: Requires sys access to .*; deno run -A gives every .*\n$/);
});

Deno.test("corehaul without unstable flags forwards signals to its child", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }, server) => server.trickle(bytesFor(path, 200_000), 100_000, 100));
  const options = { cwd: home.path, config: await writePlainConfig(home), asUser: true };
  const url = `${server.url}/endless`;
  const sign = /stopping: what runs gets .* s; once more ends at once\n/;
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    await using get = await Corehaul.start(["get", url, "--grace", "0.2"], options);
    await get.until("the download", () => server.open === 1);
    get.kill(signal);
    assertCode(await get.ended(), code);
    assertMatch(get.stdout, /the list now: 0 done, 0 failed, 1 waiting/);
    await get.until("the end of the child too", () => server.open === 0);
  }
  await using stubborn = await Corehaul.start(["get", url, "--grace", "3600"], options);
  await stubborn.until("the download", () => server.open === 1);
  stubborn.kill("SIGTERM");
  await stubborn.until("the sign", () => sign.test(stubborn.stderr));
  assert(!stubborn.over);
  stubborn.kill("SIGTERM");
  assertCode(await stubborn.ended(), 143);
});

Deno.test("corehaul without unstable flags drains on one Ctrl-C in a terminal, which reaches it twice", async () => {
  await using home = await TempDir.create();
  let held = true;
  // What flows changes what is drawn.
  await using server = FaultServer.start(({ path }, server) =>
    server.flow(bytesFor(path, 1_000_000), 1000, () => !held)
  );
  const config = await writePlainConfig(home);
  await home.write("tasks.txt", `${server.url}/held\n`);
  const cli = ["run", "-A", "--config", config, fromFileUrl(new URL("cli.ts", PROJECT_ROOT))];
  const args = [...cli, "run", "--tasks", "tasks.txt", "--grace", "3600"];
  await using terminal = await TerminalProcess.start(Deno.execPath(), args, home.path);
  await terminal.shows(/0\/1 files/);
  await until("the download", () => server.open === 1);
  await terminal.type("\u0003");
  await terminal.shows(/stopping: what runs gets .* s; once more ends at once/);
  // What comes twice comes at once: by the time that the screen is drawn twice more, it has been heard.
  await terminal.shows(/stopping: [^]*0\/1 files[^]*0\/1 files/);
  held = false;
  assertEquals(await terminal.ended(), 0);
  assertMatch(terminal.text, /the list now: 1 done, 0 failed, 0 waiting, 0 running/);
});

Deno.test({
  name: "corehaul starts itself again in its own place on Linux, once, and keeps what the user gave to Deno",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using home = await TempDir.create();
    await home.write("tasks.txt", "");
    for (const own of [[], ["--v8-flags=--stack-size=1000"]]) {
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          "--unstable-kv",
          ...own,
          fromFileUrl(new URL("cli.ts", PROJECT_ROOT)),
          "run",
          "--tasks",
          "tasks.txt",
        ],
        cwd: home.path,
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      const flags = async () => (await Deno.readTextFile(`/proc/${child.pid}/cmdline`)).split("\0");
      await until("the second start", async () => (await flags()).includes("--unstable-worker-options"));
      const v8 = (await flags()).filter((flag) => flag.startsWith("--v8-flags"));
      assertEquals(v8.length, 1);
      if (own.length > 0) assertEquals(v8, own);
      const children = await Deno.readTextFile(`/proc/${child.pid}/task/${child.pid}/children`);
      assertEquals(children, "");
      const mark = (await Deno.readTextFile(`/proc/${child.pid}/environ`)).match(/COREHAUL_REEXEC=[^\0]*/g);
      assertEquals(mark, ["COREHAUL_REEXEC=exec"]);
      const comms = async () => {
        const threads = await Array.fromAsync(Deno.readDir(`/proc/${child.pid}/task`));
        return await Promise.all(threads.map(({ name }) => Deno.readTextFile(`/proc/${child.pid}/task/${name}/comm`)));
      };
      // By then it listens to signals.
      await until("a worker", async () => (await comms()).some((comm) => comm.startsWith("worker-")));
      child.kill("SIGTERM");
      assertEquals((await child.status).code, 0);
      await Deno.remove(home.join(".corehaul"), { recursive: true });
    }
  },
});
