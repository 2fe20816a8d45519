import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { readJsrPackages } from "./jsr_package.ts";
import { copyProject, JsrSandbox } from "./jsr_sandbox.ts";
import { LoopbackRegistry } from "./loopback_registry.ts";

const LINKS = fromFileUrl(import.meta.resolve("../../links"));

/**
 * The shape of the real package: a door that starts the CLI, a Worker, KV, a text import, npm and std packages. A Worker
 * with permissions of its own needs `import` for the text: modules of JSR packages are exempt, text is not.
 */
const TOY = {
  "deno.json": JSON.stringify({
    name: "@corehaul/corehaul",
    version: "0.0.1",
    license: "MIT",
    exports: { ".": "./mod.ts", "./cli": "./cli.ts" },
    unstable: ["kv", "worker-options"],
    imports: {
      "@std/fmt": "jsr:@std/fmt@^1.0.0",
      "@std/cli": "jsr:@std/cli@^1.0.0",
      "aws4fetch": "npm:aws4fetch@1.0.20",
    },
    links: ["./links/std-cli", "./links/std-fmt"],
  }),
  "mod.ts": `import { AwsClient } from "aws4fetch";
/** Runs a worker. */
export async function run(path: string): Promise<string> {
  const worker = new Worker(new URL("./workers/a.ts", import.meta.url), {
    type: "module",
    deno: { permissions: { read: true, write: true, import: "inherit" } },
  });
  const { promise, resolve } = Promise.withResolvers<string>();
  worker.onmessage = (event) => resolve(event.data);
  worker.postMessage(path);
  const answer = await promise;
  worker.terminate();
  return \`\${answer} \${AwsClient.name}\`;
}
if (import.meta.main) import("./cli.ts").then((cli) => cli.main());
`,
  "cli.ts": `import { parseArgs } from "@std/cli/parse-args";
import { run } from "./mod.ts";
/** Starts. */
export async function main(): Promise<void> {
  const args = parseArgs(Deno.args, { string: ["db"] });
  console.log(await run(args.db ?? ":memory:"), args._.join());
  Deno.exit(7);
}
`,
  "workers/a.ts": `import { format } from "@std/fmt/bytes";
import text from "./text.txt" with { type: "text" };
self.onmessage = async (event: MessageEvent) => {
  const kv = await Deno.openKv(event.data);
  await kv.set(["size"], 1024);
  const { value } = await kv.get<number>(["size"]);
  kv.close();
  (self as unknown as Worker).postMessage(\`\${text.trim()} \${format(value ?? 0, { binary: true })}\`);
};
`,
  "workers/text.txt": "a text\n",
  [`workers/${"long_".repeat(22)}.ts`]: "/** A name that does not fit into a tar header. */\nexport const a = 1;\n",
};
const UNSTABLE = ["--unstable-kv", "--unstable-worker-options"];

Deno.test("LoopbackRegistry takes an upload of deno publish, and Deno runs it from there", async (t) => {
  await using registry = new LoopbackRegistry(await readJsrPackages(LINKS));
  await using sandbox = await JsrSandbox.create(registry);
  const project = await sandbox.folder("project", TOY);
  await copyProject(LINKS, join(project, "links"));

  await t.step("publish uploads every file, with std imports rewritten", async () => {
    const { code, stderr } = await sandbox.publish(project);
    assertStringIncludes(stderr, "Successfully published @corehaul/corehaul@0.0.1");
    assertEquals(code, 0);
    assertEquals(registry.uploads, ["@corehaul/corehaul@0.0.1"]);
    const files = registry.find("@corehaul/corehaul", "0.0.1")?.files ?? new Map();
    for (const path of Object.keys(TOY)) assertEquals(files.has(path), true, path);
    const worker = new TextDecoder().decode(files.get("workers/a.ts"));
    assertMatch(worker, /"jsr:@std\/fmt@\^1\.0\.0\/bytes"/);
  });

  await t.step("publish skips a version that is there", async () => {
    const { code, stderr } = await sandbox.publish(project);
    assertStringIncludes(stderr, "already published");
    assertEquals(code, 0);
    assertEquals(registry.uploads.length, 1);
  });

  await t.step("run starts the CLI from an empty folder with an empty cache", async () => {
    await using fresh = await JsrSandbox.create(registry);
    const db = join(fresh.root, "toy.db");
    const { code, stdout, stderr } = await fresh.deno(await fresh.folder("empty"), [
      "run",
      "-A",
      ...UNSTABLE,
      "jsr:@corehaul/corehaul",
      `--db=${db}`,
      "rest",
    ]);
    assertEquals(stdout, "a text 1 kiB AwsClient rest\n", stderr);
    assertEquals(code, 7);
    assertEquals((await Deno.stat(db)).isFile, true);
  });

  await t.step("a program imports and type-checks it", async () => {
    const program =
      'import { run } from "jsr:@corehaul/corehaul@0.0.1";\nconsole.log((await run(":memory:")).length);\n';
    const folder = await sandbox.folder("program", { "program.ts": program });
    const { code, stdout, stderr } = await sandbox.deno(folder, ["run", "-A", "--check", ...UNSTABLE, "program.ts"]);
    assertEquals(stdout, "22\n", stderr);
    assertEquals(code, 0);
  });
});

Deno.test("LoopbackRegistry refuses uploads that the real one would not take", async () => {
  await using registry = new LoopbackRegistry();
  const url = `${registry.url}api/scopes/corehaul/packages/corehaul/versions/1.0.0?config=/deno.json`;
  const archive = await new Response(
    new Blob([new Uint8Array(1024)]).stream().pipeThrough(new CompressionStream("gzip")),
  )
    .bytes();
  const headers = { authorization: "Bearer x", "content-encoding": "gzip" };

  const anonymous = await fetch(url, { method: "POST", body: archive });
  assertEquals([anonymous.status, (await anonymous.json()).code], [401, "missingAuthentication"]);
  const plain = await fetch(url, { method: "POST", body: "x", headers: { authorization: "Bearer x" } });
  assertEquals([plain.status, (await plain.json()).code], [400, "malformedRequest"]);

  const empty = await fetch(url, { method: "POST", body: archive, headers });
  const { id, status } = await empty.json();
  assertEquals([empty.status, status], [200, "pending"]);
  const task = await (await fetch(`${registry.url}api/publish_status/${id}`)).json();
  assertEquals(task.error, { code: "invalidPackage", message: "Cannot read the package as deno.json is missing" });
  assertEquals(registry.uploads, []);

  const missing = await fetch(`${registry.url}@corehaul/corehaul/meta.json`);
  assertEquals([missing.status, (await missing.json()).code], [404, "notFound"]);
});
