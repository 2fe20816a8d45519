/** What is in `deploy/`, as far as it can be judged without the engines that it is for. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { PersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { Service } from "kubernetes-models/v1/Service";
import { parse, parseAllDocuments } from "yaml";
import { CFG_FIELDS, cfgEnvName } from "../../config/cfg_fields.ts";
import { isRedisAddress } from "../../config/redis_address.ts";
import { plainEntry } from "../../queue/plain_entry.ts";
import { checkTaskEntry } from "../../queue/task_entry_schema.ts";

const DEPLOY = new URL("../../deploy/", import.meta.url);
// deno-lint-ignore no-explicit-any -- what was parsed has no type until its schema has been asked
type Parsed = any;

/** What the API of Kubernetes says of each kind that comes with it. */
const KINDS: Record<string, new (data: Parsed) => { validate(): void }> = {
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  PersistentVolumeClaim,
  Service,
  StatefulSet,
};
/** Kinds of KEDA, which brings their schema to the cluster itself. */
const FOREIGN = ["ScaledObject", "TriggerAuthentication"];

async function kubernetes(): Promise<Parsed[]> {
  const all: Parsed[] = [];
  for await (const { name } of Deno.readDir(new URL("kubernetes/", DEPLOY))) {
    const text = await Deno.readTextFile(new URL(`kubernetes/${name}`, DEPLOY));
    for (const document of parseAllDocuments(text)) {
      assertEquals([document.errors, document.warnings], [[], []], name);
      all.push(document.toJS());
    }
  }
  return all;
}

function envOf(container: Parsed): Record<string, string | undefined> {
  return Object.fromEntries(container.env.map(({ name, value }: Parsed) => [name, value]));
}

/** Every variable of ours must be one, and must have a value that it takes. */
function assertSettings(env: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("CFG_")) continue;
    const field = CFG_FIELDS.find((field) => cfgEnvName(field) === name);
    assert(field !== undefined, `${name} is no setting`);
    assert("value" in field.parse(value!.replace(/\$\(\w+\)/g, "secret")), `${name}=${value}`);
  }
}

Deno.test("deploy/kubernetes is what the schemas of its kinds allow", async () => {
  const kinds: string[] = [];
  for (const document of await kubernetes()) {
    const { kind } = document;
    kinds.push(kind);
    if (FOREIGN.includes(kind)) continue;
    const Kind = KINDS[kind];
    assert(Kind !== undefined, `${kind} is not known here`);
    new Kind(document).validate();
  }
  assertEquals([...new Set(kinds)].sort(), [...Object.keys(KINDS), ...FOREIGN].sort());
});

Deno.test("deploy/kubernetes gives workers whole cores, a way to end well, and nothing that they do not need", async () => {
  const all = await kubernetes();
  const { spec } = all.find(({ kind }) => kind === "Deployment").spec.template;
  const [container] = spec.containers;
  const { requests, limits } = container.resources;
  assertEquals(requests, limits, "without that there are no cores of its own");
  assertMatch(requests.cpu, /^[1-9]\d*$/, "the static CPU manager gives whole ones only");
  assertEquals(spec.securityContext.runAsNonRoot, true);
  assertEquals(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  const env = envOf(container);
  assertSettings(env);
  assert(isRedisAddress(env.CFG_QUEUE!));
  const grace = Number(container.args[container.args.indexOf("--grace") + 1]);
  assert(spec.terminationGracePeriodSeconds > grace + 10);
  for (const probe of ["startupProbe", "readinessProbe"]) {
    assertEquals(container[probe].exec.command, [...entrypoint(await dockerfile()), "status"]);
  }
  const volumes = new Map<string, Parsed>(spec.volumes.map((volume: Parsed) => [volume.name, volume]));
  const named = (kind: string, name: string) => {
    assert(all.some((other) => other.kind === kind && other.metadata.name === name), `${kind} ${name}`);
  };
  named("PersistentVolumeClaim", volumes.get("files").persistentVolumeClaim.claimName);
  named("ConfigMap", volumes.get("tasks").configMap.name);
  for (const { spec } of all.filter(({ kind }) => kind === "ScaledObject" || kind === "HorizontalPodAutoscaler")) {
    named("Deployment", spec.scaleTargetRef.name);
  }
  const redis = all.find(({ kind }) => kind === "StatefulSet");
  named("Service", redis.spec.serviceName);
  assertMatch(redis.spec.template.spec.containers[0].args[0], /--appendonly yes .*--maxmemory-policy noeviction/);
});

Deno.test("deploy/kubernetes has a task list in its ConfigMap that Corehaul takes", async () => {
  const { data } = (await kubernetes()).find(({ kind }) => kind === "ConfigMap");
  const entries = JSON.parse(data["code_tasks.json"]);
  assert(entries.length > 0);
  for (const entry of entries) {
    assertEquals(plainEntry(entry) === undefined ? checkTaskEntry(entry).type : "entry", "entry");
  }
});

Deno.test("deploy/compose.yaml has Redis with a log, and workers that wait for it and end well", async () => {
  const { services, volumes } = parse(await Deno.readTextFile(new URL("compose.yaml", DEPLOY)), { strict: true });
  const { redis, worker } = services;
  assertMatch(redis.command.join(" "), /--appendonly yes .*--maxmemory-policy noeviction$/);
  for (const { volumes: mounts } of [redis, worker]) {
    for (const mount of mounts.map((mount: string) => mount.split(":")[0])) {
      assert(mount.startsWith("..") || mount in volumes, mount);
    }
  }
  assertSettings(worker.environment);
  assertEquals(worker.environment.CFG_QUEUE, "redis://redis:6379/0");
  assertEquals([worker.environment.CFG_WAIT_QUEUE, worker.depends_on.redis.condition], ["true", "service_healthy"]);
  assert(redis.healthcheck !== undefined);
  assertEquals([worker.read_only, worker.cap_drop, worker.deploy.replicas], [true, ["ALL"], 2]);
  await Deno.stat(new URL(`${worker.build.context}/${worker.build.dockerfile}`, DEPLOY));
  const grace = CFG_FIELDS.find(({ name }) => name === "graceMs")!.default;
  assert(parseInt(worker.stop_grace_period) > Number(grace) + 10);
});

Deno.test("deploy/Dockerfile pins its images, ends as root never, and knows how to stop and how it is", async () => {
  const text = await dockerfile();
  for (const [, image] of text.matchAll(/^ARG \w+=(.*)$/gm)) {
    assertMatch(image!, /^docker\.io\/[\w./-]+:[\w.-]*\d+\.\d+/);
  }
  const { default: config } = await import("../../deno.json", { with: { type: "json" } });
  const deno = /deno@(\d+\.\d+\.\d+)/.exec(await Deno.readTextFile(new URL("../README.md", DEPLOY)))?.[1];
  assert(deno !== undefined && text.includes(`deno:bin-${deno}\n`), `Deno ${deno}`);
  assertMatch(text, /^USER \d+:\d+$/m);
  assertMatch(text, /^STOPSIGNAL SIGTERM$/m);
  assertMatch(text, /^VOLUME \/data$/m);
  const command = entrypoint(text);
  assert(
    !command.includes("-A") && !command.includes("--allow-all") && !command.some((flag) => /run=|-run$/.test(flag)),
  );
  const [, health] = /^HEALTHCHECK[^\n]*\\\n +CMD (\[.*\])$/m.exec(text)!;
  assertEquals(JSON.parse(health!), [...command, "status"]);
  const image = all(await kubernetesImages());
  assertEquals(image.filter((name) => name.startsWith("corehaul:")), [`corehaul:${config.version}`]);
});

function all(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

async function kubernetesImages(): Promise<string[]> {
  const containers = (await kubernetes()).flatMap(({ spec }) => spec?.template?.spec?.containers ?? []);
  return containers.map(({ image }: Parsed) => image);
}

function dockerfile(): Promise<string> {
  return Deno.readTextFile(new URL("Dockerfile", DEPLOY));
}

function entrypoint(text: string): string[] {
  return JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(text)![1]!);
}
