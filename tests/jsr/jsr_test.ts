import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import denoJson from "../../deno.json" with { type: "json" };
import { PROBE_FOLDER, probingDriver } from "../support/probing_driver.ts";
import { readJsrPackages } from "./jsr_package.ts";
import { stagePackage } from "../../tools/publish/stage_package.ts";
import { JsrSandbox } from "./jsr_sandbox.ts";
import { LoopbackRegistry } from "./loopback_registry.ts";

const PROJECT = fromFileUrl(import.meta.resolve("../../"));
const ID = `${denoJson.name}@${denoJson.version}`;
/** What users need: the program, its licence, and what is written for them. */
const PUBLISHED =
  /^(?:(?:app|base|cli|config|download|ffi|queue|workers)\/.+\.ts|docs\/[^/]+\.(?:md|svg|schema\.json)|(?:cli|mod)\.ts|deno\.json|LICENSE|README(?:\.zh-CN)?\.md|SECURITY\.md)$/;

/** A program of a user, who has no deno.json of ours and so names the unstable features on the command line. */
const PROGRAM = `import { Downloader } from "jsr:@corehaul/corehaul";
const [url, directory] = Deno.args as [string, string];
await using downloader = await Downloader.open({ directory });
await downloader.add([{ url }]);
await downloader.run({ once: true });
console.log("settled");
`;

/** Bytes that differ from place to place, longer than any read buffer. */
function payload(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 3_000_001 }, (_, index) => (index * 2_654_435_761) >>> 24);
}

function serveFiles(files: Record<string, Uint8Array<ArrayBuffer>>): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const body = files[new URL(request.url).pathname];
    return body ? new Response(body, { headers: { etag: '"1"' } }) : new Response(null, { status: 404 });
  });
}

async function assertFile(path: string, expected: Uint8Array<ArrayBuffer>): Promise<void> {
  const actual = await Deno.readFile(path);
  assertEquals(actual.length, expected.length);
  assert(actual.every((byte, index) => byte === expected[index]), `${path} has other bytes`);
}

Deno.test("corehaul runs from JSR as a command and as a module", async (t) => {
  const bytes = payload();
  await using server = serveFiles({ "/a/payload.bin": bytes });
  const url = `http://127.0.0.1:${server.addr.port}/a/payload.bin`;
  await using registry = new LoopbackRegistry(await readJsrPackages(join(PROJECT, "links")));

  const published = await t.step("deno publish uploads the package", async () => {
    await using sandbox = await JsrSandbox.create(registry);
    const { code, stderr } = await sandbox.publish(await stagePackage(PROJECT, await sandbox.folder("project")));
    assertStringIncludes(stderr, `Successfully published ${ID}`);
    assertEquals(code, 0);
    assertEquals(registry.uploads, [ID]);
    const files = [...registry.find(denoJson.name, denoJson.version)?.files.keys() ?? []];
    for (const path of ["deno.json", "mod.ts", "cli.ts", "README.md", "LICENSE"]) {
      assert(files.includes(path), `${path} is not in the package`);
    }
    assertEquals(files.filter((path) => !PUBLISHED.test(path)), []);
  });
  if (!published) return;

  await t.step("deno run jsr:@corehaul/corehaul get URL downloads a file", async () => {
    await using sandbox = await JsrSandbox.create(registry);
    const folder = await sandbox.folder("empty");
    const { code, stderr } = await sandbox.deno(folder, ["run", "-A", "jsr:@corehaul/corehaul", "get", url]);
    assertEquals(code, 0, stderr);
    await assertFile(join(folder, "downloads", "payload.bin"), bytes);
  });

  await t.step("its threads run a driver of the user, and give it nothing", async () => {
    await using sandbox = await JsrSandbox.create(registry);
    const folder = await sandbox.folder("driver", {
      "secret.ts": "export default 1;",
      "driver/probe.ts": probingDriver({
        project: `${registry.url}${denoJson.name}/${denoJson.version}/`,
        secret: "secret.ts",
        target: "target",
      }),
    });
    const { code, stderr } = await sandbox.deno(folder, [
      ...["run", "-A", "jsr:@corehaul/corehaul", "get", PROBE_FOLDER, "--protocol", "probe:=driver/probe.ts"],
    ]);
    assertEquals(code, 0, stderr);
    const { open, list } = JSON.parse(await Deno.readTextFile(join(folder, "downloads/folder/report.json")));
    const tries = [...Object.entries<string>(open), ...Object.entries<string>(list)];
    assert(tries.length > 30);
    assertEquals(tries.filter(([, what]) => !what.startsWith("refused: ")), []);
  });

  await t.step("a program that imports it type-checks and downloads a file", async () => {
    await using sandbox = await JsrSandbox.create(registry);
    const folder = await sandbox.folder("program", { "program.ts": PROGRAM });
    const directory = join(folder, "files");
    const { code, stdout, stderr } = await sandbox.deno(folder, [
      "run",
      "-A",
      "--check",
      "--unstable-kv",
      "--unstable-worker-options",
      "program.ts",
      url,
      directory,
    ]);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "settled");
    await assertFile(join(directory, "payload.bin"), bytes);
  });
});
