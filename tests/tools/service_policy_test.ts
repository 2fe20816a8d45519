import { assert, assertEquals, assertMatch } from "@std/assert";
import { ServicePolicy } from "../../tools/test/service_policy.ts";
import { TempDir } from "../support/temp_dir.ts";

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("ServicePolicy forbids to start services, and takes its file away", async () => {
  await using home = await TempDir.create();
  const path = home.join("policy-rc.d");
  {
    await using _policy = await ServicePolicy.forbid(path);
    const { code } = await new Deno.Command(path, { args: ["nginx", "start"] }).output();
    assertEquals(code, 101);
  }
  assertEquals(await names(home.path), []);
});

Deno.test("ServicePolicy puts back the policy that was there, with its mode, and a link as a link", async () => {
  await using home = await TempDir.create();
  const path = home.join("policy-rc.d");
  await home.write("policy-rc.d", "#!/bin/sh\nexit 0\n");
  await Deno.chmod(path, 0o744);
  {
    await using _policy = await ServicePolicy.forbid(path);
    assertEquals((await new Deno.Command(path).output()).code, 101);
  }
  assertEquals(await Deno.readTextFile(path), "#!/bin/sh\nexit 0\n");
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o744);
  await Deno.rename(path, home.join("real"));
  await Deno.symlink("real", path);
  {
    await using _policy = await ServicePolicy.forbid(path);
    assert(!(await Deno.lstat(path)).isSymlink);
  }
  assertEquals(await Deno.readLink(path), "real");
  assertEquals(await Deno.readTextFile(path), "#!/bin/sh\nexit 0\n");
  assertEquals(await names(home.path), ["policy-rc.d", "real"]);
});

Deno.test("ServicePolicy puts right what a killed process left, at whichever step it was", async () => {
  await using home = await TempDir.create();
  const path = home.join("policy-rc.d");
  const theirs = "#!/bin/sh\nexit 0\n";
  await home.write("policy-rc.d", theirs);
  // Killed while it was in force: the first object is never disposed.
  await ServicePolicy.forbid(path);
  assertMatch(await Deno.readTextFile(path), /exit 101/);
  for (const left of [[], ["before-corehaul"], ["corehaul-new"], ["before-corehaul", "corehaul-new"]]) {
    // Killed before it was in force: what was prepared is there, beside the policy of others.
    for (const ending of left) await home.write(`policy-rc.d.${ending}`, theirs);
    await (await ServicePolicy.forbid(path))[Symbol.asyncDispose]();
    assertEquals(await Deno.readTextFile(path), theirs);
    assertEquals(await names(home.path), ["policy-rc.d"]);
  }
});
