/** What is sent to S3 beside the request itself, and signed: against Swift, which checks it. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import type { S3Access } from "../../download/protocols/s3_access.ts";
import { S3Driver } from "../../download/protocols/s3_driver.ts";
import { drive } from "../support/drive.ts";
import { FaultServer } from "../support/fault_server.ts";
import { SwiftServer } from "../support/swift_server.ts";

const CREDENTIALS = { accessKeyId: "AKIAKEY", secretAccessKey: "SECRET" };
const CUSTOMER = {
  "X-Amz-Server-Side-Encryption-Customer-Algorithm": "AES256",
  "x-amz-server-side-encryption-customer-key": "c2VjcmV0  c2VjcmV0",
  "X-AMZ-Server-Side-Encryption-Customer-Key-MD5": "abc=",
};

function driverFor(access: S3Access): { driver: S3Driver } & Disposable {
  const http = new HttpDriver({ idlePerHost: 4, lane: true });
  const driver = new S3Driver(http, { access: () => Promise.resolve({ type: "access", access }) });
  return { driver, [Symbol.dispose]: () => http[Symbol.dispose]() };
}

function signedOf(headers: Headers): string[] {
  return /SignedHeaders=([^,]*)/.exec(headers.get("authorization") ?? "")?.[1]?.split(";") ?? [];
}

Deno.test("S3Driver signs every x-amz header of a task, and sends each once", async () => {
  await using server = FaultServer.start(() => new Response("hello"));
  using one = driverFor({ endpoint: server.url, region: "us-east-1", credentials: CREDENTIALS });
  await drive(one.driver, "s3://photos/a", { headers: { ...CUSTOMER, "X-Other": "1", Referer: "r" } });
  const { headers } = server.requests[0]!;
  for (const name of Object.keys(CUSTOMER)) assert(signedOf(headers).includes(name.toLowerCase()), name);
  // Two fields of one name would be one with a comma here.
  assertEquals(headers.get("x-amz-server-side-encryption-customer-algorithm"), "AES256");
  assertEquals([headers.get("x-other"), headers.get("referer")], ["1", "r"]);
  assert(!signedOf(headers).includes("x-other"));
  using nobody = driverFor({ endpoint: server.url, region: "us-east-1" });
  await drive(nobody.driver, "s3://photos/a", { headers: CUSTOMER });
  assertEquals(server.requests[1]!.headers.get("x-amz-server-side-encryption-customer-algorithm"), "AES256");
});

Deno.test("S3Driver signs headers, versions, ranges and listings as Swift computes it", async () => {
  await using server = await SwiftServer.start();
  const { endpoint, region, credentials } = server;
  const keys = ["a b", "it's (1)!.txt", "ü+%&=", "*~", "x//y"];
  for (const key of keys) await server.put(`signed/${key}`, `0123456789 ${key}`);
  using one = driverFor({ endpoint, region, credentials, requestPayer: true });
  const signal = new AbortController().signal;
  const found = await Array.fromAsync(one.driver.list({ url: "s3://photos/signed/*", signal }));
  assertEquals(found.map(({ path }) => path).sort(), keys.toSorted());
  for (const { url, path } of found) {
    const { bytes, response } = await drive(one.driver, url, { headers: CUSTOMER });
    assertEquals(new TextDecoder().decode(bytes), `0123456789 ${path}`);
    const range = { from: 5, to: 8, ifRange: response.etag! };
    assertEquals(new TextDecoder().decode((await drive(one.driver, url, { headers: CUSTOMER, range })).bytes), "567");
  }
  const version = await assertRejects(() => drive(one.driver, "s3://photos/signed/a b?versionId=1"), DownloadError);
  assertMatch(version.message, /HTTP status 404: NoSuch(?:Version|Key)|HTTP status 400: InvalidArgument/);
});

Deno.test("S3Driver lets the requester pay only where the account says so, for listings too", async () => {
  await using server = FaultServer.start(({ search }) =>
    new Response(search === "" ? "hello" : "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
  );
  for (const requestPayer of [true, false]) {
    using one = driverFor({ endpoint: server.url, region: "r", credentials: CREDENTIALS, requestPayer });
    await drive(one.driver, "s3://photos/a");
    const signal = new AbortController().signal;
    assertEquals(await Array.fromAsync(one.driver.list({ url: "s3://photos/", signal })), []);
    for (const { headers } of server.requests.splice(0)) {
      assertEquals(headers.get("x-amz-request-payer"), requestPayer ? "requester" : null);
      assertEquals(signedOf(headers).includes("x-amz-request-payer"), requestPayer);
    }
  }
  // What a task says itself has the last word.
  using one = driverFor({ endpoint: server.url, region: "r", credentials: CREDENTIALS, requestPayer: true });
  await drive(one.driver, "s3://photos/a", { headers: { "X-Amz-Request-Payer": "other" } });
  assertEquals(server.requests[0]!.headers.get("x-amz-request-payer"), "other");
});
