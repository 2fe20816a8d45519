import { assertEquals, assertRejects } from "@std/assert";
import { type DownloaderOptions, settingsFromOptions } from "../../app/downloader_options.ts";
import { readIdentity } from "../../app/read_identity.ts";
import { CfgError } from "../../config/cfg_error.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testCertificate } from "../support/test_certificate.ts";

function identityOf(options: DownloaderOptions) {
  return readIdentity(settingsFromOptions(options));
}

Deno.test("readIdentity of no options is nobody in particular", async () => {
  assertEquals(await identityOf({}), { headers: {}, denyPrivate: false, allowPrivate: [], allowDowngrade: false });
});

Deno.test("readIdentity holds the content of every file, and can be sent to a Worker", async () => {
  await using home = await TempDir.create();
  const [client, ca] = [await testCertificate(["client"]), await testCertificate(["ca"])];
  const netrc = await home.write("netrc", "default login me");
  const cookies = await home.write("cookies", "a.test\tFALSE\t/\tFALSE\t0\ta\tb\n");
  const both = await home.write("both.pem", client.key + client.cert);
  const trusted = await home.write("ca.pem", `# two\n${ca.cert}\n${client.cert}`);
  const identity = await identityOf({
    headers: { "X-Key": "1", Referer: "header" },
    userAgent: "agent",
    referer: "https://h/option",
    netrc,
    cookies,
    proxy: "http://127.0.0.1:1",
    ca: trusted,
    cert: both,
    allowPrivate: ["LOCALHOST:1"],
    allowDowngrade: true,
  });
  assertEquals(structuredClone(identity), {
    headers: { "User-Agent": "agent", Referer: "header", "X-Key": "1" },
    netrc: "default login me",
    cookies: "a.test\tFALSE\t/\tFALSE\t0\ta\tb\n",
    proxy: "http://127.0.0.1:1",
    caCerts: [ca.cert.trim(), client.cert.trim()],
    clientCert: { cert: client.key + client.cert, key: client.key + client.cert },
    denyPrivate: false,
    allowPrivate: ["localhost:1"],
    allowDowngrade: true,
  });
});

Deno.test("readIdentity joins the values of a header that has several, in whatever case its name is written", async () => {
  const headersOf = async (headers: DownloaderOptions["headers"]) =>
    (await identityOf({ headers: headers!, userAgent: "agent", referer: "https://h/option" })).headers;
  const others = { "User-Agent": "agent", Referer: "https://h/option" };
  assertEquals(await headersOf({ "X-A": ["1", "2"], "x-a": "3, 4", B: "5" }), {
    ...others,
    "X-A": "1, 2, 3, 4",
    B: "5",
  });
  assertEquals(await headersOf({ cookie: ["a=1", "b=2"], Cookie: "c=3" }), { ...others, cookie: "a=1; b=2; c=3" });
  // What has no value adds nothing to the values that there are.
  assertEquals(await headersOf({ A: ["", "1", ""], B: ["", ""], C: [] }), { ...others, A: "1", B: "" });
  assertEquals(await headersOf({ "user-agent": ["x", "y"], REFERER: "r" }), { "user-agent": "x, y", REFERER: "r" });
});

Deno.test("readIdentity refuses what does not go together, all of it at once", async () => {
  await using home = await TempDir.create();
  const { cert, key } = await testCertificate(["client"]);
  const both = await home.write("both.pem", cert + key);
  const wrong = { denyPrivate: true, proxy: "http://127.0.0.1:1", cert: both, netrc: home.join("none") };
  const error = await assertRejects(() => identityOf(wrong), CfgError);
  assertEquals(error.problems.map(({ field }) => field), ["netrc", "cert", "denyPrivate"]);
  // No program can make Deno look away, it has to be started like that.
  if (Deno.build.os === "linux") {
    await assertRejects(() => identityOf({ insecure: true }), CfgError, "--unsafely-ignore-certificate-errors");
  }
});
