/** `deploy/Dockerfile`, as it is written. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { V8_FLAGS } from "../../cli/start_flags.ts";
import { DEPLOY, dockerCommands, dockerfile } from "../support/deploy_files.ts";

Deno.test("deploy/Dockerfile pins its images, never ends as root, and knows how to stop and how it is", async () => {
  const text = await dockerfile();
  for (const [, image] of text.matchAll(/^ARG \w+=(.*)$/gm)) {
    assertMatch(image!, /^docker\.io\/[\w./-]+:[\w.-]*\d+\.\d+/);
  }
  const deno = /deno@(\d+\.\d+\.\d+)/.exec(await Deno.readTextFile(new URL("../README.md", DEPLOY)))?.[1];
  assert(deno !== undefined && text.includes(`deno:bin-${deno}\n`), `Deno ${deno}`);
  assertMatch(text, /^USER \d+:\d+$/m);
  assertMatch(text, /^STOPSIGNAL SIGTERM$/m);
  assertMatch(text, /^VOLUME \/data$/m);
  const { entrypoint, health } = dockerCommands(text);
  for (const flag of entrypoint) assert(!/^(-A|--allow-all|--allow-run.*)$/.test(flag), flag);
  assertEquals(health.slice(0, entrypoint.length), entrypoint);
  assertEquals(health.slice(entrypoint.length), ["status", "--wait-queue=false", "--queue-timeout", "5"]);
});

Deno.test("deploy/Dockerfile gives V8 the flags that corehaul would start itself with", async () => {
  const flags = V8_FLAGS.replace("--v8-flags=", "");
  assert((await dockerfile()).includes(` DENO_V8_FLAGS=${flags} `), flags);
});

Deno.test("deploy/Dockerfile leaves out packages that only tests, tools and the bench use", async () => {
  const [, left] = /-e '\/"\(([^)]+)\)":\/d'/.exec(await dockerfile())!;
  const names = left!.replaceAll("\\/", "/").split("|");
  const sources = await Array.fromAsync(sourcesOfImage(new URL("../", DEPLOY)), (url) => Deno.readTextFile(url));
  for (const [name, from] of Object.entries(config.imports)) {
    if (!from.startsWith("npm:")) continue;
    const used = sources.some((text) => text.includes(`"${name}"`) || text.includes(`"${name}/`));
    assertEquals(used, !names.includes(name), name);
  }
});

/** What `.dockerignore` lets through. */
async function* sourcesOfImage(root: URL): AsyncGenerator<URL> {
  const lines = (await Deno.readTextFile(new URL(".dockerignore", root))).split("\n");
  for (const [, path] of lines.flatMap((line) => /^!(.+)$/.exec(line) === null ? [] : [/^!(.+)$/.exec(line)!])) {
    const url = new URL(path!, root);
    if (path!.endsWith("/")) yield* below(url);
    else if (path!.endsWith(".ts")) yield url;
  }
}

async function* below(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && name !== "node_modules") yield* below(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}
