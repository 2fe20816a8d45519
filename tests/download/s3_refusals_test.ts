/** What S3 says when it refuses: against Swift, and against answers that Amazon gives. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import type { S3Access } from "../../download/protocols/s3_access.ts";
import { S3Driver } from "../../download/protocols/s3_driver.ts";
import { drive } from "../support/drive.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { SwiftServer } from "../support/swift_server.ts";

const CREDENTIALS = { accessKeyId: "AKIAKEY", secretAccessKey: "SECRET" };

function driverFor(access: S3Access, lane = true): { driver: S3Driver } & Disposable {
  const http = new HttpDriver({ idlePerHost: 4, lane });
  const driver = new S3Driver(http, { access: () => Promise.resolve({ type: "access", access }) });
  return { driver, [Symbol.dispose]: () => http[Symbol.dispose]() };
}

async function failure(promise: Promise<unknown>): Promise<DownloadError> {
  return await assertRejects(() => promise, DownloadError);
}

function refusal(code: string, message: string, more = ""): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>`;
}

for (const lane of [true, false]) {
  Deno.test(`S3Driver shows the Code and the Message of a refusal, over ${lane ? "lane" : "fetch"}`, async () => {
    await using server = await SwiftServer.start();
    const { endpoint, region, credentials } = server;
    const access = { endpoint, region, credentials };
    await server.put("there", "hello");
    const host = `127.0.0.1:${server.port}`;
    const said = async (access: S3Access, url = "s3://photos/there") => {
      using one = driverFor(access, lane);
      const { kind, status, message, retryable } = await failure(drive(one.driver, url));
      assertEquals([kind, retryable], ["http", false]);
      assert(!/StringToSign|test:tester/.test(message), message);
      return [status, message];
    };
    assertEquals(await said(access, "s3://photos/none"), [
      404,
      `${host}: HTTP status 404: NoSuchKey: The specified key does not exist.`,
    ]);
    assertEquals(await said(access, "s3://nobucket/none"), [
      404,
      `${host}: HTTP status 404: NoSuchBucket: The specified bucket does not exist.`,
    ]);
    const [status, message] = await said({ ...access, credentials: { ...credentials, secretAccessKey: "another" } });
    assertEquals(status, 403);
    assertMatch(
      String(message),
      /HTTP status 403: SignatureDoesNotMatch: The request signature we calculated does not/,
    );
    // The connection is used again behind a refusal.
    using one = driverFor(access, lane);
    for (let i = 0; i < 3; i++) await failure(drive(one.driver, "s3://photos/none"));
    assertEquals(new TextDecoder().decode((await drive(one.driver, "s3://photos/there")).bytes), "hello");
  });
}

Deno.test("S3Driver goes by the Code where it says more about another attempt than the status", async () => {
  const cases: [status: number, code: string, retryable: boolean, fixed: boolean][] = [
    [400, "RequestTimeout", true, true],
    [409, "OperationAborted", true, true],
    [400, "ThrottlingException", true, true],
    [403, "RequestTimeTooSkewed", false, true],
    [501, "NotImplemented", false, true],
    [503, "SlowDown", true, true],
    [500, "InternalError", true, true],
    [404, "NoSuchKey", false, false],
    [403, "AccessDenied", false, false],
    [403, "InvalidObjectState", false, false],
    [500, "SomethingNew", true, false],
  ];
  let current = cases[0]!;
  await using server = FaultServer.start(() => new Response(refusal(current[1], "because"), { status: current[0] }));
  using one = driverFor({ endpoint: server.url, region: "us-east-1", credentials: CREDENTIALS });
  for (current of cases) {
    const [status, code, retryable, fixed] = current;
    const error = await failure(drive(one.driver, "s3://photos/a"));
    assertEquals([error.status, error.retryable, error.byStatus], [status, retryable, !fixed], code);
    assertMatch(error.message, new RegExp(`HTTP status ${status}: ${code}: because$`));
  }
});

Deno.test("S3Driver says of a refusal that nobody in particular has asked", async () => {
  await using server = FaultServer.start(() => new Response(refusal("AccessDenied", "Access Denied"), { status: 403 }));
  using one = driverFor({ endpoint: server.url, region: "us-east-1" });
  const { message } = await failure(drive(one.driver, "s3://photos/a"));
  assertMatch(
    message,
    /: HTTP status 403: AccessDenied: Access Denied \(asked without credentials, as there are none\)$/,
  );
});

Deno.test("S3Driver shows a refusal without a Code as any other, and reads no endless one", async () => {
  const bodies: (string | ReadableStream<Uint8Array>)[] = [
    "",
    "<html><body>Bad gateway</body></html>",
    "<Error><Code></Code></Error>",
    "<Error><Code>a b\u0007</Code></Error>",
    "{",
    `<Error><Code>TooMuch</Code><Message>${"x".repeat(100_000)}</Message></Error>`,
    new ReadableStream({ pull: (controller) => controller.enqueue(bytesFor("endless", 10_000)) }),
  ];
  for (const lane of [true, false]) {
    for (const body of bodies) {
      const [mine, other] = typeof body === "string" ? [body, body] : body.tee();
      await using server = FaultServer.start(() => new Response(lane ? mine : other, { status: 502 }));
      using one = driverFor({ endpoint: server.url, region: "us-east-1" }, lane);
      const error = await failure(drive(one.driver, "s3://photos/a"));
      assertEquals([error.message, error.retryable], [`${new URL(server.url).host}: HTTP status 502`, true]);
    }
    bodies.pop();
  }
});

Deno.test("S3Driver takes new credentials where the old ones have ended before their time, once", async () => {
  const seen: (string | null)[] = [];
  await using server = FaultServer.start(({ headers }) => {
    const token = headers.get("x-amz-security-token");
    seen.push(token);
    return token === "good"
      ? new Response("hello")
      : new Response(refusal("ExpiredToken", "The provided token has expired."), { status: 400 });
  });
  const tokens = ["old", "good", "old", "older"];
  using http = new HttpDriver({ idlePerHost: 4, lane: true });
  const access = () => {
    const credentials = { ...CREDENTIALS, sessionToken: tokens.shift()! };
    return Promise.resolve({ type: "access" as const, access: { endpoint: server.url, region: "r", credentials } });
  };
  using driver = new S3Driver(http, { access });
  assertEquals(new TextDecoder().decode((await drive(driver, "s3://photos/a")).bytes), "hello");
  using other = new S3Driver(http, { access });
  const error = await failure(drive(other, "s3://photos/a"));
  assertMatch(error.message, /HTTP status 400: ExpiredToken: The provided token has expired\.$/);
  assertEquals(seen, ["old", "good", "old", "older"]);
});
