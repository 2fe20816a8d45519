/** The image of `deploy/Dockerfile`: it is really built, and what is in it really works. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { allowedCores } from "../support/busy_cores.ts";
import { Buildah, registryArgs } from "../support/buildah.ts";
import { PROJECT_ROOT } from "../support/corehaul.ts";
import { CpuGroup } from "../support/cpu_group.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { PROBE_FOLDER, type ProbeReport, probingDriver } from "../support/probing_driver.ts";
import { RedisServer } from "../support/redis_server.ts";
import { until } from "../support/until.ts";

const ROOT = fromFileUrl(PROJECT_ROOT);
const IMAGE = "localhost/corehaul";
const SLOW_PIECES = 100_000;
/** A network with nothing but a loopback. */
const ALONE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"'];

interface ImageConfig {
  User: string;
  Env: string[];
  Entrypoint: string[];
  Cmd: string[];
  Healthcheck: { Test: string[] };
  StopSignal: string;
  Volumes: Record<string, unknown>;
}

Deno.test({
  name: "deploy/Dockerfile makes an image that downloads, shares a list, tells how it is, ends well, and runs the demo",
  // Only root can build images.
  ignore: !Buildah.allowed,
  fn: async (t) => {
    await using buildah = await Buildah.create();
    await using server = FaultServer.start(({ path }, server) => {
      if (path === "/slow") return server.trickle(bytesFor(path, SLOW_PIECES * 2), SLOW_PIECES, 100);
      return new Response(bytesFor(path, 50_000));
    });
    await t.step("it is built", async () => {
      await buildah.debian("localhost/debian");
      await buildah.deno("localhost/deno");
      await buildah.must(
        ...["bud", "--isolation", "chroot", "--format", "docker", "--pull-never", ...await registryArgs()],
        ...["--build-arg", "BASE=localhost/debian", "--build-arg", "DENO=localhost/deno"],
        ...["-f", `${ROOT}/deploy/Dockerfile`, "-t", IMAGE, ROOT],
      );
    });
    const config = JSON.parse(await buildah.must("inspect", "--type", "image", IMAGE)).Docker.config as ImageConfig;
    const container = await buildah.container(IMAGE);
    const root = await buildah.must("mount", container);
    const run = (...command: string[]) => buildah.run("run", "--isolation", "chroot", container, "--", ...command);
    const runAll = (env: string[], ...commands: string[][]) => buildah.runAll(env, container, ...commands);
    const corehaul = (...args: string[]) => [...config.Entrypoint, ...args];
    const health = config.Healthcheck.Test.slice(1);

    await t.step("it is not root, and can read all of the program and change nothing of it", async () => {
      assertEquals([config.StopSignal, config.Cmd, Object.keys(config.Volumes)], ["SIGTERM", ["run"], ["/data"]]);
      const look = "id -u; touch /data/x && echo data; touch /app/x || echo no; find /app ! -readable";
      const { stdout } = await run("sh", "-c", look);
      assertEquals(stdout.trim().split("\n"), [config.User.split(":")[0], "data", "no"]);
    });

    await t.step("it has what it needs, nothing of the build, and no secret of it", async () => {
      const folders = [`${root}/app`, `${root}/app/node_modules`].map((folder) =>
        Array.fromAsync(Deno.readDir(folder))
      );
      const names = (await Promise.all(folders)).flat().map(({ name }) => name);
      for (const name of ["cli.ts", "ssh2", "zod"]) assert(names.includes(name), `${names}`);
      for (const name of ["tests", "bench", "tools", "deploy", ".git", "echarts", "fast-check", "kubernetes-models"]) {
        assert(!names.includes(name), name);
      }
      const modules = await new Deno.Command("find", { args: [`${root}/app/node_modules`], stdin: "null" }).output();
      assertEquals(new TextDecoder().decode(modules.stdout).match(/.*\.(d\.[cm]?ts|map)$/gm), null);
      for (const path of ["root/.npmrc", "run/secrets/ca", "app/.deno/npm"]) {
        assert(await Deno.lstat(`${root}/${path}`).then(() => false, () => true), path);
      }
      assertEquals(config.Env.filter((line) => /npm|cert/i.test(line)), []);
    });

    await t.step("it downloads a file, with threads that are pinned", async () => {
      const get = corehaul("get", `${server.url}/one`, "--log-level", "debug");
      const [ended, sum] = await runAll([], get, ["sha256sum", "downloads/one"]);
      assertEquals(ended!.code, 0, ended!.stderr);
      assertMatch(ended!.stderr, /proc_worker-0 runs on core \d+/);
      assertEquals(sum!.stdout.split(" ")[0], await digest("/one"));
    });

    await t.step("it downloads over S3, for which packages are loaded only then", async () => {
      const keys = ["--env", "AWS_ACCESS_KEY_ID=a", "--env", "AWS_SECRET_ACCESS_KEY=b"];
      const get = corehaul("get", "s3://bucket/two", "--s3-endpoint", server.url);
      const [ended, sum] = await runAll(keys, get, ["sha256sum", "downloads/two"]);
      assertEquals(ended!.code, 0, ended!.stderr);
      assertEquals(sum!.stdout.split(" ")[0], await digest("/bucket/two"));
    });

    await t.step("it gives a driver of the user no library, file, variable or program", async () => {
      const driver = probingDriver({
        project: "file:///app/",
        secret: "/tmp/probe-secret.ts",
        target: "/data/probe-target",
      });
      await Deno.writeTextFile(`${root}/tmp/probe-secret.ts`, "export default 'secret';");
      await Deno.mkdir(`${root}/tmp/probe`);
      await Deno.writeTextFile(`${root}/tmp/probe/probe.ts`, driver);
      const get = corehaul("get", PROBE_FOLDER, "--protocol", "probe:=/tmp/probe/probe.ts");
      const [ended, report] = await runAll([], get, ["cat", "downloads/folder/report.json"]);
      await Deno.remove(`${root}/tmp/probe`, { recursive: true });
      await Deno.remove(`${root}/tmp/probe-secret.ts`);
      assertEquals(ended!.code, 0, ended!.stderr);
      const { open, list } = JSON.parse(report!.stdout) as ProbeReport;
      const tries = [...Object.entries(open), ...Object.entries(list)];
      assert(tries.length > 30, report!.stdout);
      assertEquals(tries.filter(([, what]) => !what.startsWith("refused: ")), []);
    });

    await t.step("it says what it may not do there", async () => {
      const { code, stderr } = await run(...corehaul("get", `${server.url}/no`, "--insecure"));
      assertEquals(code, 2);
      assertMatch(stderr, /^corehaul: Cannot use --insecure as Deno must be started with --unsafely-ignore/m);
    });

    await t.step("it sees the cores and the quota that the engine gives it", async () => {
      const last = (await allowedCores()).at(-1)!;
      const doctor = async (wrapper: readonly string[]) => {
        const command = ["run", "--isolation", "chroot", container, "--", ...corehaul("doctor")];
        return (await buildah.runIn(wrapper, ...command)).stdout;
      };
      const without = await doctor(["taskset", "-c", String(last)]);
      assertMatch(without, new RegExp(`^ok +cores +${last} allowed`, "m"));
      assertMatch(without, /^ok +quota +none$/m);
      if (last === 0 || !await CpuGroup.allowed()) return;
      await using group = await CpuGroup.create(1);
      assertMatch(await doctor(group.wrapper), /^ok +quota +1 cores$/m);
    });

    await t.step("it is healthy once it has a list, and not without", async () => {
      const commands = [health, corehaul("add", `${server.url}/three`), corehaul("run", "--once"), health];
      const [before, added, ended, after] = await runAll([], ...commands);
      assert(before!.code !== 0);
      assertEquals(added!.code, 0, added!.stderr);
      assertEquals(ended!.code, 0, ended!.stderr);
      assertEquals(after!.code, 0, after!.stderr);
      assertMatch(after!.stdout, /^done +1$/m);
    });

    await t.step("it works off a list on Redis, and is not healthy without it", async () => {
      await using redis = await RedisServer.start({ aof: true });
      const env = ["--env", `CFG_QUEUE=${redis.url()}`, "--env", "CFG_WAIT_QUEUE=true"];
      const add = corehaul("add", `${server.url}/four`, `${server.url}/five`);
      const [added, ended, after] = await runAll(env, add, corehaul("run", "--once"), health);
      assertEquals(added!.code, 0, added!.stderr);
      assertEquals(ended!.code, 0, ended!.stderr);
      assertMatch(after!.stdout, /^done +2$/m);
      await redis.down();
      // Although the worker would wait.
      const [without] = await runAll(env, health);
      assertEquals(without!.code, 3, without!.stderr);
    });

    await t.step("it gives back what it has not finished when it is stopped", async () => {
      const start = '"$@" add "$0" && echo $$ >/tmp/pid && exec "$@" run --grace 0.2';
      const running = run("sh", "-c", start, `${server.url}/slow`, ...config.Entrypoint);
      let said = "";
      void running.then(({ stderr }) => said = stderr);
      await until("the download", () => server.open === 1, { detail: () => said });
      // An isolation by chroot leaves processes with the numbers that they have outside.
      Deno.kill(Number(await Deno.readTextFile(`${root}/tmp/pid`)), "SIGTERM");
      await Deno.remove(`${root}/tmp/pid`);
      const ended = await running;
      assertMatch(ended.stdout, /the list now: 1 done, 0 failed, 1 waiting, 0 running/);
      await until("the end of the connection", () => server.open === 0);
    });

    await t.step("it has written to its volume alone", async () => {
      const [user] = config.User.split(":");
      const args = [root, "-path", `${root}/data`, "-prune", "-o", "-user", user!, "-print"];
      const found = await new Deno.Command("find", { args, stdin: "null" }).output();
      assertEquals([found.success, new TextDecoder().decode(found.stdout)], [true, ""]);
    });

    await t.step("the demo passes in it, without any network", async () => {
      const demo = ["deno", "run", "-A", "--cached-only", "--config=/app/deno.json"];
      const command = [
        "run",
        "--isolation",
        "chroot",
        "--volume",
        `${ROOT}/tools:/app/tools:ro`,
        container,
        "--",
        ...demo,
      ];
      const ended = await buildah.runIn(ALONE, ...command, "/app/tools/demo/main.ts");
      assertEquals(ended.code, 0, ended.stdout + ended.stderr);
      assertMatch(ended.stdout, /✔ SHA-256: \d+ of \d+ files match the server's/);
    });
  },
});

async function digest(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytesFor(path, 50_000))).toHex();
}
