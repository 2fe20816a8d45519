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

/** What a request says of who asks. */
function askedBy(headers: Headers) {
  const authorization = headers.get("authorization") ?? "";
  const signed = /SignedHeaders=([^,]*)/.exec(authorization)?.[1]?.split(";") ?? [];
  return {
    region: /Credential=[^/]+\/\d+\/([^/]+)\//.exec(authorization)?.[1],
    signed: signed.filter((name) => /^x-amz-(?!date|content)/.test(name)),
    payer: headers.get("x-amz-request-payer"),
  };
}

Deno.test("corehaul signs the headers of Amazon's, whoever names them, and mixes regions in one list", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path, headers }) => {
    const { region } = askedBy(headers);
    const own = path.startsWith("/paris/") ? "eu-west-3" : "us-east-1";
    return region === own
      ? new Response(path)
      : new Response(refusal("AuthorizationHeaderMalformed", "not here", `<Region>${own}</Region>`), { status: 400 });
  });
  const headers = { "X-Amz-Server-Side-Encryption-Customer-Algorithm": "AES256" };
  const entries = ["s3://paris/a", "s3://iowa/b"].map((url) => ({ url, headers }));
  await home.write("tasks.json", JSON.stringify(entries));
  const args = ["run", "--once", "--tasks", "tasks.json", "--dir", "files", "--s3-endpoint", server.url];
  const { code, stderr } = await corehaul([...args, "--header", "X-Amz-Expected-Bucket-Owner: 1"], {
    cwd: home.path,
    env: { HOME: home.path, ...ACCOUNT },
  });
  assertEquals(code, 0, stderr);
  assertEquals(await Deno.readTextFile(home.join("files/a")), "/paris/a");
  assertEquals(await Deno.readTextFile(home.join("files/b")), "/iowa/b");
  for (const { headers } of server.requests) {
    assertEquals(askedBy(headers).signed, [
      "x-amz-expected-bucket-owner",
      "x-amz-server-side-encryption-customer-algorithm",
    ]);
    assertEquals(headers.get("x-amz-expected-bucket-owner"), "1");
  }
});

Deno.test("corehaul pays only with --s3-request-payer, and uses no key with --s3-no-sign-request", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ headers }) =>
    headers.has("authorization") || headers.get("x-amz-request-payer") === null
      ? new Response("hello")
      : new Response(refusal("AccessDenied", "Access Denied"), { status: 403 })
  );
  const ask = async (...more: string[]) => {
    const { code, stderr } = await get(home, ["s3://photos/a"], [
      "--s3-endpoint",
      server.url,
      "--overwrite",
      "always",
      ...more,
    ]);
    return { code, stderr, asked: server.requests.splice(0).map(({ headers }) => askedBy(headers)) };
  };
  const usual = { region: "us-east-1", signed: [], payer: null };
  assertEquals((await ask()).asked, [usual]);
  assertEquals((await ask("--s3-request-payer")).asked, [
    { ...usual, signed: ["x-amz-request-payer"], payer: "requester" },
  ]);
  assertEquals((await ask("--s3-no-sign-request")).asked, [{ ...usual, region: undefined }]);
  const both = await ask("--s3-request-payer", "--s3-no-sign-request");
  assertEquals([both.code, both.asked], [2, []]);
  assertMatch(both.stderr, /Cannot use --s3-request-payer as it must be without --s3-no-sign-request/);
});

Deno.test({
  name: "corehaul lets the credential process of a profile use every core that it may use itself",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(({ headers }) =>
      new Response(/Credential=([^/]+)/.exec(headers.get("authorization") ?? "")?.[1])
    );
    const keys = JSON.stringify({ Version: 1, AccessKeyId: "OF-PROCESS", SecretAccessKey: "s" });
    const script = `grep ^Cpus_allowed_list /proc/self/status >"$(dirname "$0")/cores.txt"; echo '${keys}'`;
    await home.write("keys.sh", script);
    await home.write("config", `[default]\ncredential_process = sh ${home.join("keys.sh")}\n`);
    const more = ["--s3-endpoint", server.url, "--log-level", "debug"];
    const env = { AWS_CONFIG_FILE: home.join("config"), AWS_EC2_METADATA_DISABLED: "true" };
    const { code, stderr } = await get(home, ["s3://photos/a"], more, env);
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /proc_worker-0 runs on core/);
    assertEquals(await Deno.readTextFile(home.join("files/a")), "OF-PROCESS");
    const own = /^Cpus_allowed_list.*$/m.exec(await Deno.readTextFile("/proc/self/status"));
    assertEquals((await Deno.readTextFile(home.join("cores.txt"))).trim(), own![0]);
  },
});
