import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { TempDir } from "../support/temp_dir.ts";
import { badSession, type BadSessionEnd } from "./fixtures/bad_session.ts";

const PROGRAM = fromFileUrl(new URL("fixtures/bad_session.ts", import.meta.url));

function assertReplaced({ news, owners }: BadSessionEnd, why: RegExp): void {
  const [crash, ...others] = news.filter((each) => each.type === "proc_crashed");
  assert(crash?.type === "proc_crashed" && others.length === 0);
  assertMatch(crash.error.message, why);
  assertEquals([crash.proc, crash.core, crash.tasks], ["proc_worker-0", 0, 5]);
  assertEquals(news.filter(({ type }) => type === "proc_started").length, 2);
  assertEquals(owners, 0);
}

/** Runs it as a program: the runtime cannot end a thread that loops, which would take a core from all other tests. */
async function runBadSession(fault: string, flags: readonly string[] = []): Promise<BadSessionEnd> {
  await using home = await TempDir.create();
  const args = ["run", "-A", "--quiet", "--unstable-kv", ...flags, PROGRAM, home.path, fault];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, 0, err);
  return JSON.parse(out!);
}

for (const [fault, why] of [["loop", /no sign of life for 10 s/], ["throw", /a bad day/]] as const) {
  Deno.test(`DownloadSession replaces a worker that ${fault}s, and its tasks go back to the list`, async () => {
    assertReplaced(await runBadSession(fault), why);
  });
}

Deno.test("DownloadSession replaces a worker that fills its memory, before that ends the process", async () => {
  const end = await runBadSession("leak", ["--v8-flags=--max-old-space-size=150"]);
  assertReplaced(end, /^it has used \d+ of \d+ MiB of memory$/);
});

Deno.test("DownloadSession gives up when a worker cannot start", async () => {
  await using home = await TempDir.create();
  const error = await assertRejects(() => badSession(home.path, "none", "dead_worker.ts", 10), Error);
  assertMatch(error.message, /^Worker 0 cannot start, 5 times in a row: .*born to die/);
});
