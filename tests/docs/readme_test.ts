import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { parseCommand } from "../../cli/parse_command.ts";
import denoJson from "../../deno.json" with { type: "json" };
import { checkTaskEntry } from "../../queue/task_entry_schema.ts";
import { fromCheckout, readmeProgram, runDeno, withFolder, writeProject } from "./documented_program.ts";
import { codeBlocks, DOCUMENTS, inlineCode, readDocument, ROOT, shellCommands } from "./markdown.ts";

const ORIGIN = "https://www.rfc-editor.org";

Deno.test("README.md shows a program that runs as it stands", async () => {
  const readme = await readDocument("README.md");
  const { text, flags } = readmeProgram(readme);
  assert(text.trimEnd().split("\n").length <= 10, "the example must have at most ten lines");
  const body = (path: string) => `the text of ${path}\n`;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    return new Response(body(new URL(request.url).pathname));
  });
  await withFolder(async (folder) => {
    await writeProject(folder);
    const program = fromCheckout(text).replaceAll(ORIGIN, `http://127.0.0.1:${server.addr.port}`);
    await Deno.writeTextFile(join(folder, "program.ts"), program);
    const { code, stdout, stderr } = await runDeno(["run", ...flags, "program.ts"], folder);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "2 done, 0 failed, 0 waiting");
    assertStringIncludes(stdout, "rfc9110.txt is hauled");
    assertEquals(await Deno.readTextFile(join(folder, "specs/rfc9110.txt")), body("/rfc/rfc9110.txt"));
    assertEquals(await Deno.readTextFile(join(folder, "specs/http/1.1.txt")), body("/rfc/rfc9112.txt"));
  });
});

Deno.test("README.md compiles a binary that has the Workers in it", async () => {
  const command = shellCommands(await readDocument("README.md")).find((line) => line.startsWith("deno compile"))!;
  await withFolder(async (folder) => {
    const flags = command.replace("--output corehaul", `--output ${join(folder, "corehaul")}`).split(" ").slice(2);
    // The types are checked for the whole project anyway. Any program does as the runtime while nobody runs the result: the
    // real one would have to be downloaded.
    const args = ["compile", "--no-check", ...flags];
    const { code, stdout, stderr } = await runDeno(args, fromFileUrl(ROOT), {
      DENORT_BIN: await Deno.realPath("/bin/true"),
    });
    assertEquals(code, 0, stderr);
    const embedded = stdout + stderr;
    assert(
      embedded.includes("workers/*") ||
        ["proc_config.ts", "proc_driver.ts", "proc_worker.ts"].every((name) => embedded.includes(name)),
      `the Workers are not embedded: ${embedded}`,
    );
  });
});

Deno.test("README.md shows a task file whose entries are all taken", async () => {
  const { text } = codeBlocks(await readDocument("README.md")).find((block) => block.info === "json")!;
  const entries = JSON.parse(text);
  assertEquals(entries.length, 3);
  for (const entry of entries) assertEquals(checkTaskEntry(entry).type, "entry", JSON.stringify(entry));
});

Deno.test("the commands in the documents are ones that corehaul takes", async () => {
  let count = 0;
  for (const path of DOCUMENTS) {
    for (const line of shellCommands(await readDocument(path))) {
      const match = /(?:^|\| )(?:corehaul|deno run -A (?:jsr:@corehaul\/corehaul|cli\.ts))(?: (.*))?$/.exec(line);
      if (match === null) continue;
      parseCommand(match[1]?.split(" ") ?? []);
      count++;
    }
  }
  assert(count > 5, `only ${count} commands were found`);
});

Deno.test("the tasks and the version of Deno in the documents are those of deno.json and .ci/run", async () => {
  const version = /deno@(\d+\.\d+\.\d+)/.exec(await readDocument(".ci/run"))![1];
  for (const path of DOCUMENTS) {
    const text = await readDocument(path);
    for (const [, named] of text.matchAll(/deno@(\d[\w.]*)/g)) assertEquals(named, version, path);
    for (const code of [...shellCommands(text), ...inlineCode(text)]) {
      for (const [, task] of code.matchAll(/\btask ([a-z]+)/g)) assert(task! in denoJson.tasks, `${path}: ${code}`);
    }
  }
});
