/** Buckets in other regions than the one that is set: against Swift, and against answers that Amazon gives. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { DownloadDriver } from "../../download/download_driver.ts";
import { DownloadError } from "../../download/download_error.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import type { S3Access } from "../../download/protocols/s3_access.ts";
import { S3Driver } from "../../download/protocols/s3_driver.ts";
import { drive } from "../support/drive.ts";
import { FaultServer } from "../support/fault_server.ts";
import { SwiftServer } from "../support/swift_server.ts";

const CREDENTIALS = { accessKeyId: "AKIAKEY", secretAccessKey: "SECRET" };

function driverFor(access: S3Access): { driver: S3Driver } & Disposable {
  const http = new HttpDriver({ idlePerHost: 4, lane: true });
  const driver = new S3Driver(http, { access: () => Promise.resolve({ type: "access", access }) });
  return { driver, [Symbol.dispose]: () => http[Symbol.dispose]() };
}

async function text(driver: DownloadDriver, url: string): Promise<string> {
  return new TextDecoder().decode((await drive(driver, url)).bytes);
}

async function failure(promise: Promise<unknown>): Promise<DownloadError> {
  return await assertRejects(() => promise, DownloadError);
}

/** The region that a request is signed for. */
function regionOf(headers: Headers): string {
  return /Credential=[^/]+\/\d+\/([^/]+)\/s3\//.exec(headers.get("authorization") ?? "")?.[1] ?? "none";
}

function refusal(status: number, code: string, more: string, headers: Record<string, string> = {}): Response {
  return new Response(`<Error><Code>${code}</Code><Message>elsewhere</Message>${more}</Error>`, { status, headers });
}

Deno.test("S3Driver learns the region from a server that wants its own in signatures, once for a bucket", async () => {
  await using server = await SwiftServer.start("eu-test-1");
  await server.put("set/a", "hello");
  await using between = FaultServer.start(async ({ path, search, headers }) => {
    const { status, body, headers: fields } = await fetch(`${server.endpoint}${path}${search}`, { headers });
    return new Response(body, { status, headers: fields });
  });
  // The host is signed, too: only who is asked directly can check that.
  using one = driverFor({ endpoint: server.endpoint, region: "us-east-1", credentials: server.credentials });
  assertEquals(await text(one.driver, "s3://photos/set/a"), "hello");
  const signal = new AbortController().signal;
  using other = driverFor({ endpoint: server.endpoint, region: "us-east-1", credentials: server.credentials });
  const listed = await Array.fromAsync(other.driver.list({ url: "s3://photos/set/", signal }), ({ path }) => path);
  assertEquals(listed, ["a"]);
  using counted = driverFor({ endpoint: between.url, region: "us-east-1", credentials: server.credentials });
  for (let i = 0; i < 3; i++) await failure(drive(counted.driver, "s3://photos/set/a"));
  assertEquals(between.requests.map(({ headers }) => regionOf(headers)), [
    "us-east-1",
    "eu-test-1",
    "eu-test-1",
    "eu-test-1",
  ]);
});

Deno.test("S3Driver fetches from buckets of several regions with one setting", async () => {
  const regions: Record<string, string> = { paris: "eu-west-3", tokyo: "ap-northeast-1", iowa: "us-gov-west-1" };
  await using server = FaultServer.start(({ path, headers }) => {
    const bucket = path.split("/")[1]!;
    const region = regions[bucket] ?? "us-east-1";
    if (regionOf(headers) === region) return new Response(`${bucket} ${region}`);
    switch (bucket) {
      case "paris":
        return refusal(400, "AuthorizationHeaderMalformed", `<Region>${region}</Region>`);
      case "tokyo":
        return refusal(301, "PermanentRedirect", "", { "x-amz-bucket-region": region });
      default:
        return refusal(307, "TemporaryRedirect", `<Endpoint>${bucket}.s3.${region}.amazonaws.com</Endpoint>`);
    }
  });
  using one = driverFor({ endpoint: server.url, region: "us-east-1", credentials: CREDENTIALS });
  for (let round = 0; round < 2; round++) {
    for (const [bucket, region] of [...Object.entries(regions), ["home", "us-east-1"]] as const) {
      assertEquals(await text(one.driver, `s3://${bucket}/a`), `${bucket} ${region}`);
    }
  }
  assertEquals(server.requests.length, 2 * 4 + 3);
});

Deno.test("S3Driver goes to the host of the region that it has learned, and to no other", async () => {
  const asked: string[] = [];
  const told: Record<string, string> = { "x-amz-bucket-region": "eu-west-3" };
  const http: DownloadDriver = {
    schemes: ["https:"],
    open: ({ url, refused }) => {
      asked.push(url);
      const error = new DownloadError("http", "HTTP status 301", { status: 301 });
      return Promise.reject(refused!({ error, headers: new Headers(told), text: "" }));
    },
    [Symbol.dispose]: () => {},
  };
  const driver = (region: string) =>
    new S3Driver(http, { access: () => Promise.resolve({ type: "access", access: { region } }) });
  const moved = await failure(drive(driver("us-east-1"), "s3://photos/a"));
  assertEquals([moved.kind, moved.retryable], ["redirect", false]);
  assertMatch(moved.message, /HTTP status 301; see AWS_REGION and --s3-endpoint$/);
  assertEquals(asked, ["https://photos.s3.us-east-1.amazonaws.com/a", "https://photos.s3.eu-west-3.amazonaws.com/a"]);
  for (const region of ["evil.example/", "a.b", "", "x".repeat(100), "eu_west", "@"]) {
    asked.length = 0;
    told["x-amz-bucket-region"] = region;
    await failure(drive(driver("us-east-1"), "s3://photos/a"));
    assertEquals(asked.length, 1, region);
  }
  // A server that always names another region is not asked without end.
  let turn = 0;
  asked.length = 0;
  Object.defineProperty(told, "x-amz-bucket-region", { get: () => `eu-west-${++turn}`, enumerable: true });
  await failure(drive(driver("us-east-1"), "s3://photos/a"));
  assert(asked.length <= 3, `${asked}`);
});
