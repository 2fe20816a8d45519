import { assert, assertEquals } from "@std/assert";
import { Nginx } from "./nginx.ts";

const FILES = 200;

Deno.test("cpuSeconds counts what nginx's workers do, and nothing else", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [root, home] = [`${folder}/root`, `${folder}/home`];
    for (const name of [root, home]) await Deno.mkdir(name);
    await Deno.writeFile(`${root}/0.bin`, new Uint8Array(1 << 20));
    await using nginx = await Nginx.start({ root, home, workers: 2 });
    const idle = nginx.cpuSeconds();
    // This process is busy for 50 ms, which is none of nginx's time.
    for (const end = performance.now() + 50; performance.now() < end;);
    assert(nginx.cpuSeconds() - idle < 0.025);
    for (let i = 0; i < FILES; i++) {
      assertEquals((await (await fetch(`${nginx.urls.plain}/0.bin`)).bytes()).length, 1 << 20);
    }
    const used = nginx.cpuSeconds() - idle;
    assert(used > 0.001, `${used} s`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
