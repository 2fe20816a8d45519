/** S3 through the command line: what servers say decides. */
import { assertEquals, assertMatch } from "@std/assert";
import { corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";

const ACCOUNT = { AWS_ACCESS_KEY_ID: "AKIAKEY", AWS_SECRET_ACCESS_KEY: "SECRET", AWS_EC2_METADATA_DISABLED: "true" };

shareCommandProcesses();

function refusal(code: string, message: string, more = ""): string {
  return `<Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>`;
}

/** Fetches urls, and gives what became of each. */
async function get(
  home: TempDir,
  urls: readonly string[],
  more: readonly string[],
  env: Record<string, string> = ACCOUNT,
) {
  const args = ["get", "--json", "--dir", "files", "--retry-wait", "0.05", ...more, ...urls];
  const { stdout, stderr, code } = await corehaul(args, { cwd: home.path, env: { HOME: home.path, ...env } });
  const events = jsonLines(stdout) as { type: string; out: string; attempts: number; error: { message: string } }[];
  const ends = events.filter(({ type }) => type === "task_done" || type === "task_failed");
  return { code, stderr, ends: Object.fromEntries(ends.map((event) => [event.out, event])) };
}

Deno.test("corehaul tries an S3 request again by the Code of its refusal, and shows that with the Message", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }, server) => {
    if (path === "/photos/final") return new Response(refusal("NotImplemented", "No such thing"), { status: 501 });
    return server.hits(path) === 1
      ? new Response(refusal("RequestTimeout", "Your socket was idle"), { status: 400 })
      : new Response("hello");
  });
  const { code, ends } = await get(home, ["s3://photos/passing", "s3://photos/final"], ["--s3-endpoint", server.url]);
  assertEquals(code, 1);
  assertEquals([ends.passing!.type, ends.passing!.attempts], ["task_done", 2]);
  assertEquals([ends.final!.type, ends.final!.attempts], ["task_failed", 1]);
  assertMatch(ends.final!.error.message, /: HTTP status 501: NotImplemented: No such thing$/);
});
