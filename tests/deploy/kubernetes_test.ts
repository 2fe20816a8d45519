/** What is in `deploy/kubernetes/`, as far as it can be judged without a cluster. */
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject";
import { TriggerAuthentication } from "@kubernetes-models/keda/keda.sh/v1alpha1/TriggerAuthentication";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { PersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { Service } from "kubernetes-models/v1/Service";
import { isRedisAddress } from "../../config/redis_address.ts";
import { plainEntry } from "../../queue/plain_entry.ts";
import { checkTaskEntry } from "../../queue/task_entry_schema.ts";
import {
  assertSettings,
  DEPLOY,
  dockerCommands,
  dockerfile,
  kubernetesFiles,
  type Parsed,
} from "../support/deploy_files.ts";
import { RedisServer } from "../support/redis_server.ts";
import { corehaul } from "../support/corehaul.ts";
import { TempDir } from "../support/temp_dir.ts";

/** What the API of Kubernetes, and KEDA, say of each kind. */
const KINDS: Record<string, new (data: Parsed) => { validate(): void }> = {
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  PersistentVolumeClaim,
  ScaledObject,
  Service,
  StatefulSet,
  TriggerAuthentication,
};
/** How KEDA counts what is under a key. */
const KEDA_COUNT = `
  local cmd = { zset = 'zcard', set = 'scard', list = 'llen', hash = 'hlen', none = 'llen' }
  return redis.call(cmd[redis.call('type', KEYS[1]).ok], KEYS[1])`;

const files = await kubernetesFiles();
const all = [...files.values()].flat();

function one(file: string, kind: string): Parsed {
  const found = files.get(file)!.filter((document) => document.kind === kind);
  assertEquals(found.length, 1, `${file}: ${kind}`);
  return found[0];
}

function assertNamed(kind: string, name: string): void {
  assert(all.some((other) => other.kind === kind && other.metadata.name === name), `${kind} ${name}`);
}

Deno.test("deploy/kubernetes is what the schemas of its kinds allow", () => {
  for (const document of all) {
    const Kind = KINDS[document.kind];
    assert(Kind !== undefined, `${document.kind} is not known here`);
    new Kind(document).validate();
  }
  assertEquals([...new Set(all.map(({ kind }) => kind))].sort(), Object.keys(KINDS).sort());
});

Deno.test("deploy/kubernetes can be applied as one folder, without two of the same", () => {
  const names = [...files].filter(([file]) => !file.includes("/")).flatMap(([, documents]) => documents)
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  assertEquals(names.sort(), [
    "ConfigMap corehaul-tasks",
    "Deployment corehaul",
    "PersistentVolumeClaim corehaul-files",
    "Service corehaul-redis",
    "StatefulSet corehaul-redis",
  ]);
});

for (const [file, kind] of [["worker.yaml", "Deployment"], ["own-volumes/worker.yaml", "StatefulSet"]] as const) {
  Deno.test(`deploy/kubernetes/${file} gives workers whole cores, a way to end well, and nothing more`, async () => {
    const worker = one(file, kind);
    const { spec } = worker.spec.template;
    const [container] = spec.containers;
    const { requests, limits } = container.resources;
    assertEquals(requests, limits, "without that there are no cores of its own");
    assertEquals(Object.keys(requests), ["cpu", "memory"]);
    assertMatch(requests.cpu, /^[1-9]\d*$/, "the static CPU manager gives whole ones only");
    const text = await dockerfile();
    const [, uid] = /^USER (\d+):/m.exec(text)!;
    const { runAsNonRoot, runAsUser, fsGroup } = spec.securityContext;
    assertEquals([runAsNonRoot, String(runAsUser), String(fsGroup)], [true, uid, uid]);
    assertEquals(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    const env = Object.fromEntries(container.env.map(({ name, value }: Parsed) => [name, value]));
    assertSettings(env);
    assert(isRedisAddress(env.CFG_QUEUE!));
    const grace = Number(container.args[container.args.indexOf("--grace") + 1]);
    assert(spec.terminationGracePeriodSeconds > grace + 10);
    assertEquals(container.readinessProbe.exec.command, dockerCommands(text).health);
    assertEquals(container.livenessProbe, undefined, "nobody may end a worker because its list is away");
    const [, version] = /^corehaul:(.*)$/.exec(container.image)!;
    assertEquals(version, (await import("../../deno.json", { with: { type: "json" } })).default.version);

    const mounts = new Map<string, string>(
      container.volumeMounts.map((mount: Parsed) => [mount.name, mount.mountPath]),
    );
    assertEquals([...mounts], [["files", "/data"], ["tasks", "/tasks"]]);
    const volumes = new Map<string, Parsed>(spec.volumes.map((volume: Parsed) => [volume.name, volume]));
    assertNamed("ConfigMap", volumes.get("tasks").configMap.name);
    if (kind === "Deployment") {
      assertNamed("PersistentVolumeClaim", volumes.get("files").persistentVolumeClaim.claimName);
    } else {
      assertEquals(worker.spec.volumeClaimTemplates.map(({ metadata }: Parsed) => metadata.name), ["files"]);
      assertEquals(one(file, "Service").metadata.name, worker.spec.serviceName);
    }
  });
}

Deno.test("deploy/kubernetes/own-volumes/worker.yaml differs from worker.yaml in its volumes alone", () => {
  const { volumes: shared, ...pod } = one("worker.yaml", "Deployment").spec.template.spec;
  const { volumes: own, ...other } = one("own-volumes/worker.yaml", "StatefulSet").spec.template.spec;
  assertEquals(other, pod);
  assertEquals(own, shared.filter(({ name }: Parsed) => name !== "files"));
});

Deno.test("deploy/kubernetes/redis.yaml keeps its log, refuses what it has no room for, and is ready only when it answers", () => {
  const { spec } = one("redis.yaml", "StatefulSet");
  assertEquals(one("redis.yaml", "Service").metadata.name, spec.serviceName);
  const [container] = spec.template.spec.containers;
  const flags = "--appendonly yes --appendfsync everysec --maxmemory 1gb --maxmemory-policy noeviction --dir /data";
  assert(container.args[0].endsWith(flags), container.args[0]);
  assertEquals(
    container.resources.limits.memory,
    "2Gi",
    "twice what it may keep, for the copy when the log is written anew",
  );
  assertEquals(container.readinessProbe.exec.command, ["redis-cli", "-e", "ping"]);
  assertEquals(container.volumeMounts[0].name, spec.volumeClaimTemplates[0].metadata.name);
  const secrets = [...all.map(({ spec }) => spec?.template?.spec?.containers?.[0]?.env ?? []).flat()]
    .flatMap(({ valueFrom }: Parsed) => valueFrom === undefined ? [] : [valueFrom.secretKeyRef.name]);
  assertEquals([...new Set(secrets)], ["corehaul-redis"]);
});

Deno.test("deploy/kubernetes/redis.yaml has a readiness probe that fails where Redis answers with an error", async () => {
  await using redis = await RedisServer.start();
  await redis.ask("config", "set", "requirepass", "secret");
  const [container] = one("redis.yaml", "StatefulSet").spec.template.spec.containers;
  const [program, ...args] = container.readinessProbe.exec.command as string[];
  const probe = async (env: Record<string, string>) => {
    const { success } = await new Deno.Command(program!, { args: ["-p", String(redis.port), ...args], env }).output();
    return success;
  };
  assertEquals(await probe({}), false);
  assertEquals(await probe({ REDISCLI_AUTH: "secret" }), true);
});

Deno.test("deploy/kubernetes/tasks.yaml has a task list that Corehaul takes, as deploy/tasks does", async () => {
  const own = one("tasks.yaml", "ConfigMap").data["code_tasks.json"];
  for (const text of [own, await Deno.readTextFile(new URL("tasks/code_tasks.json", DEPLOY))]) {
    const entries = JSON.parse(text);
    assert(entries.length > 0);
    for (const entry of entries) {
      assertEquals(plainEntry(entry) === undefined ? checkTaskEntry(entry).type : "entry", "entry");
    }
  }
});

Deno.test("deploy/kubernetes/scale counts what waits and what runs on a real list", async () => {
  for (const { spec } of all.filter(({ kind }) => kind === "ScaledObject" || kind === "HorizontalPodAutoscaler")) {
    assertNamed("Deployment", spec.scaleTargetRef.name);
  }
  const keys = one("scale/keda.yaml", "ScaledObject").spec.triggers.map(({ metadata }: Parsed) => metadata.listName);
  assertEquals(keys, ["corehaul:{default}:in:w", "corehaul:{default}:in:r"]);
  const exporter = await Deno.readTextFile(new URL("kubernetes/scale/length.yaml", DEPLOY));
  assert(exporter.includes(`db0=${keys[0]}'`));
  await using redis = await RedisServer.start();
  await using home = await TempDir.create();
  const waiting = async () => Number(await redis.ask("eval", KEDA_COUNT, "1", keys[0]));
  assertEquals(await waiting(), 0);
  const urls = Array.from({ length: 200 }, (_, i) => `http://127.0.0.1:1/${i}`).join("\n");
  const queue = ["--queue", redis.url()];
  assertEquals((await corehaul(["add", "-i", "-", ...queue], { cwd: home.path, stdin: urls })).code, 0);
  assertEquals(await waiting(), 2, "groups of up to 128");
  assertEquals((await corehaul(["cancel", "--all", ...queue], { cwd: home.path })).code, 0);
  assertEquals(await waiting(), 0);
});
