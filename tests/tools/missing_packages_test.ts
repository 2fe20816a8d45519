import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { missingPackages } from "../../tools/test/missing_packages.ts";
import { TEST_PROGRAMS } from "../../tools/test/test_programs.ts";
import { TempDir } from "../support/temp_dir.ts";

Deno.test("missingPackages names each package once whose programs are not in PATH, and takes only what can be executed", async () => {
  await using home = await TempDir.create();
  for (const [name, mode] of [["corehaul-runs", 0o755], ["corehaul-reads", 0o644]] as const) {
    await home.write(name, "");
    await Deno.chmod(home.join(name), mode);
  }
  await Deno.mkdir(home.join("corehaul-folder"));
  const programs = ["runs", "reads", "folder", "absent"].map((name) => ({
    name: `corehaul-${name}`,
    debianPackage: name === "absent" ? "reads" : name,
  }));
  assertEquals(await missingPackages(programs, `/nowhere:${home.path}:`), ["reads", "folder"]);
});

Deno.test("missingPackages believes a probe more than a name", async () => {
  const programs = [
    { name: "sh", debianPackage: "no", probe: ["/bin/sh", "-c", "exit 1"] },
    { name: "nothing", debianPackage: "yes", probe: ["/bin/sh", "-c", "exit 0"] },
    { name: "sh", debianPackage: "absent", probe: ["/no/such/program"] },
  ];
  assertEquals(await missingPackages(programs), ["no", "absent"]);
});

Deno.test("missingPackages finds all that the tests start, on a machine that runs them", async () => {
  assertEquals(await missingPackages(), []);
});

Deno.test("TEST_PROGRAMS has each program that a test looks for, and CONTRIBUTING.md names its package", async () => {
  const support = new URL("../support/", import.meta.url);
  const known = new Set(TEST_PROGRAMS.map(({ name }) => name));
  // Node.js brought Deno here.
  for (const name of ["node", "npm"]) known.add(name);
  let found = 0;
  for await (const { name: file } of Deno.readDir(support)) {
    const text = await Deno.readTextFile(new URL(file, support));
    for (const [, program] of text.matchAll(/findProgram\("([\w-]+)"/g)) {
      assert(known.has(program!), `${program} of tests/support/${file}`);
      found++;
    }
  }
  assert(found > 8);
  const contributing = await Deno.readTextFile(new URL("../../CONTRIBUTING.md", import.meta.url));
  for (const { debianPackage } of TEST_PROGRAMS) assertStringIncludes(contributing, debianPackage);
});
