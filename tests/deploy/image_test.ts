/** The image of `deploy/Dockerfile`: it is really built, and what is in it really works. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { Buildah } from "../support/buildah.ts";
import { PROJECT_ROOT } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { RedisServer } from "../support/redis_server.ts";

const ROOT = fromFileUrl(PROJECT_ROOT);
const IMAGE = "localhost/corehaul";

interface ImageConfig {
  User: string;
  Entrypoint: string[];
  Cmd: string[];
  Healthcheck: { Test: string[] };
  StopSignal: string;
  Volumes: Record<string, unknown>;
}

Deno.test({
  name: "deploy/Dockerfile makes an image that downloads, shares a list, tells how it is, and runs the demo",
  // Only root can build images.
  ignore: !Buildah.allowed,
  fn: async (t) => {
    await using buildah = await Buildah.create();
    await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 50_000)));
    await t.step("it is built", async () => {
      await buildah.debian("localhost/debian");
      await buildah.deno("localhost/deno");
      await buildah.must(
        ...["bud", "--isolation", "chroot", "--format", "docker", "--pull-never"],
        ...["--build-arg", "BASE=localhost/debian", "--build-arg", "DENO=localhost/deno"],
        ...["-f", `${ROOT}/deploy/Dockerfile`, "-t", IMAGE, ROOT],
      );
    });
    const config = JSON.parse(await buildah.must("inspect", "--type", "image", IMAGE)).Docker.config as ImageConfig;
    const container = await buildah.container(IMAGE);
    const run = (...args: string[]) => buildah.run("run", "--isolation", "chroot", ...args);
    const corehaul = (env: string[], ...args: string[]) => run(...env, container, "--", ...config.Entrypoint, ...args);
    const healthy = (...env: string[]) => run(...env, container, "--", ...config.Healthcheck.Test.slice(1));

    await t.step("it is not root, and writes only where it should", async () => {
      assertEquals([config.StopSignal, config.Cmd, Object.keys(config.Volumes)], ["SIGTERM", ["run"], ["/data"]]);
      const { stdout } = await run(
        container,
        "--",
        "sh",
        "-c",
        "id -u; touch /data/x && echo data; touch /app/x || echo no",
      );
      assertEquals(stdout.split("\n").slice(0, 3), [config.User.split(":")[0], "data", "no"]);
      const { stdout: names } = await run(container, "--", "ls", "/app");
      for (const name of ["tests", "bench", "tools", "deploy", ".git"]) {
        assert(!names.split("\n").includes(name), names);
        const { stdout: packages } = await run(container, "--", "sh", "-c", "ls /app/.deno/npm/*");
        assertMatch(packages, /^ssh2$/m);
        assert(!/^(echarts|fast-check|kubernetes-models)$/m.test(packages), packages);
      }
    });

    await t.step("it downloads a file, with threads that are pinned", async () => {
      const ended = await corehaul([], "get", `${server.url}/one`, "--log-level", "debug");
      assertEquals(ended.code, 0, ended.stderr);
      assertMatch(ended.stderr, /proc_worker-0 runs on core \d+/);
      const { stdout } = await run(container, "--", "sha256sum", "downloads/one");
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytesFor("/one", 50_000))).toHex();
      assertEquals(stdout.split(" ")[0], digest);
    });

    await t.step("it is healthy once it has a list, and not without", async () => {
      assert((await healthy()).code !== 0);
      assertEquals((await corehaul([], "add", `${server.url}/two`)).code, 0);
      const ended = await corehaul([], "run", "--once");
      assertEquals(ended.code, 0, ended.stderr);
      const { code, stdout } = await healthy();
      assertEquals(code, 0);
      assertMatch(stdout, /^done +1$/m);
    });

    await t.step("it works off a list on Redis", async () => {
      await using redis = await RedisServer.start({ aof: true });
      const env = ["--env", `CFG_QUEUE=${redis.url()}`, "--env", "CFG_WAIT_QUEUE=true"];
      assertEquals((await corehaul(env, "add", `${server.url}/three`, `${server.url}/four`)).code, 0);
      const ended = await corehaul(env, "run", "--once");
      assertEquals(ended.code, 0, ended.stderr);
      assertMatch((await healthy(...env)).stdout, /^done +2$/m);
      await redis.down();
      assertEquals((await healthy(...env, "--env", "CFG_WAIT_QUEUE=false", "--env", "CFG_QUEUE_TIMEOUT=0")).code, 3);
    });

    await t.step("the demo passes in it", async () => {
      const demo = ["deno", "run", "-A", "--cached-only", "--config=/app/deno.json", "/app/tools/demo/main.ts"];
      const ended = await run("--volume", `${ROOT}/tools:/app/tools:ro`, container, "--", ...demo);
      assertEquals(ended.code, 0, ended.stdout + ended.stderr);
      assertMatch(ended.stdout, /✔ SHA-256: \d+ of \d+ files match the server's/);
    });
  },
});
