import { assertEquals } from "@std/assert";
import { ProcThread, type ThreadPermissions } from "../../app/proc_thread.ts";
import { threadPermissions } from "../../app/thread_permissions.ts";
import { libcLibrary } from "../../ffi/libc_library.ts";
import { allowedCores } from "../support/busy_cores.ts";
import { TempDir } from "../support/temp_dir.ts";

const library = libcLibrary()!;

async function lookInto(permissions: ThreadPermissions, home: TempDir, pin: boolean): Promise<Record<string, unknown>> {
  const core = pin ? { core: (await allowedCores())[0]! } : {};
  const ready = Promise.withResolvers<void>();
  const said = Promise.withResolvers<Record<string, unknown>>();
  const paths = [await home.write("from", ""), home.join("to")];
  using thread = new ProcThread<string[], "ready" | Record<string, unknown>>(
    new URL("./fixtures/sealed_worker.ts", import.meta.url),
    { role: "proc_worker", index: 0, library, ...core },
    {
      message: (message) => message === "ready" ? ready.resolve() : said.resolve(message),
      crash: ({ message }) => said.reject(new Error(message)),
    },
    permissions,
  );
  await Promise.race([ready.promise, said.promise]);
  thread.post(paths);
  return await said.promise;
}

for (const pin of [true, false]) {
  Deno.test(`sealProc leaves a restricted thread its renames, and no library to load, ${pin ? "" : "not "}pinned`, async () => {
    await using home = await TempDir.create();
    const permissions = threadPermissions({ read: [home.path], write: [home.path], net: false, library });
    assertEquals(await lookInto(permissions, home, pin), {
      hello: { type: "hello" },
      opens: [false, false],
      renamed: ["renamed", "exists"],
    });
    // The main thread keeps what it may.
    assertEquals(Deno.permissions.querySync({ name: "ffi" }).state, "granted");
  });
}

Deno.test("sealProc takes nothing from a thread that shares the permissions of the program", async () => {
  await using home = await TempDir.create();
  const { opens, renamed } = await lookInto("inherit", home, false);
  assertEquals([opens, renamed], [[true, true], ["renamed", "exists"]]);
  assertEquals(Deno.permissions.querySync({ name: "ffi" }).state, "granted");
});
