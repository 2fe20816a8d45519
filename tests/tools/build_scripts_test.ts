import { assert, assertEquals } from "@std/assert";

Deno.test("deno.json says of every package with build scripts that they are not run, so that Deno does not ask at the first run", async () => {
  const read = async (name: string) => JSON.parse(await Deno.readTextFile(new URL(`../../${name}`, import.meta.url)));
  const [{ npm }, { allowScripts }] = [await read("deno.lock"), await read("deno.json")];
  const packages = Object.entries<{ scripts?: boolean }>(npm)
    .filter(([, { scripts }]) => scripts === true)
    .map(([name]) => `npm:${name.slice(0, name.indexOf("@", 1))}`);
  assert(packages.length > 0);
  const { allow, deny }: Record<string, string[]> = allowScripts;
  assertEquals(allow, []);
  assertEquals([...deny!].sort(), [...new Set(packages)].sort());
});
