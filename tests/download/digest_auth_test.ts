/** Digest authentication: as RFC 7616 shows it, and with a real Apache. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { hash } from "node:crypto";
import { digestChallenge, DigestProof } from "../../download/digest_auth.ts";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS, type HttpIdentity } from "../../download/http_identity.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { ApacheServer } from "../support/apache_server.ts";
import { drive } from "../support/drive.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

/** Section 3.9.1 of RFC 7616. */
const NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS";
const OFFERED = ["SHA-256", "MD5"].map((algorithm) =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${NONCE}", opaque="${OPAQUE}"`
);
const CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

Deno.test("DigestProof answers as RFC 7616 shows, for SHA-256 and for MD5", () => {
  const url = new URL("http://www.example.org/dir/index.html");
  const responses = [
    "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    "8ca523f5e9506fed4657c9700eebdbec",
  ];
  for (const [i, response] of responses.entries()) {
    const challenge = digestChallenge(OFFERED[i]!)!;
    const proof = new DigestProof(challenge, { login: "Mufasa", password: "Circle of Life" });
    const algorithm = ["SHA-256", "MD5"][i];
    assertEquals(
      proof.authorization(url, CNONCE),
      `Digest username="Mufasa", realm="http-auth@example.org", nonce="${NONCE}", uri="/dir/index.html", ` +
        `algorithm=${algorithm}, qop=auth, nc=00000001, cnonce="${CNONCE}", response="${response}", opaque="${OPAQUE}"`,
    );
    assert(proof.authorization(url, CNONCE).includes("nc=00000002"), "each request is counted");
  }
});

Deno.test("digestChallenge takes the best that it can answer, wherever it stands", () => {
  const cases: [field: string | null, algorithm: string | undefined][] = [
    [OFFERED.toReversed().join(", "), "sha256"],
    [`Basic realm="a, Digest b", ${OFFERED[1]}`, "md5"],
    [`${OFFERED[1]}, Basic realm="x"`, "md5"],
    [`Negotiate, NTLM, ${OFFERED[0]}`, "sha256"],
    ['digest realm="x",nonce="n"', "md5"],
    ["Digest realm=x, nonce=n, algorithm=md5-sess, qop=auth-int", "md5"],
    ['Digest realm="x"', undefined],
    ['Digest realm="x", nonce="n", algorithm=SHA-512-256', undefined],
    ['Digest realm="x", nonce="n", qop="other"', undefined],
    ['Basic realm="x"', undefined],
    ["", undefined],
    [null, undefined],
  ];
  for (const [field, algorithm] of cases) assertEquals(digestChallenge(field)?.algorithm, algorithm, `${field}`);
  assertEquals(digestChallenge('Digest realm="a \\"b\\" c", nonce="n", stale=TRUE, userhash=true'), {
    realm: 'a "b" c',
    nonce: "n",
    algorithm: "md5",
    userhash: true,
    stale: true,
  });
});

const IDENTITY = { ...ANONYMOUS, netrc: "machine 127.0.0.1 login me password s3cret" };
const CLIENTS = [true, false];

function md5(text: string): string {
  return hash("md5", text, "hex");
}

for (const lane of CLIENTS) {
  const client = lane ? "lane" : "fetch";

  Deno.test(`HttpDriver proves the password to an Apache that wants Digest, once for all requests, ${client}`, async () => {
    await using home = await TempDir.create();
    await Deno.mkdir(home.join("www/private"), { recursive: true });
    await home.write("www/private/a b.bin", bytesFor("a", 300_000));
    // What was written in this very second has only a weak ETag.
    await Deno.utime(home.join("www/private/a b.bin"), 1_700_000_000, 1_700_000_000);
    await home.write("users", `me:the realm:${md5("me:the realm:s3cret")}\n`);
    await using apache = await ApacheServer.start(home.join("www"), [
      "LoadModule auth_digest_module /usr/lib/apache2/modules/mod_auth_digest.so",
      `<Location /private>`,
      "  AuthType Digest",
      '  AuthName "the realm"',
      `  AuthUserFile ${home.join("users")}`,
      "  Require valid-user",
      "</Location>",
    ]);
    const url = `${apache.url}/private/a%20b.bin?x=1,2`;
    {
      using driver = new HttpDriver({ idlePerHost: 2, lane, identity: IDENTITY });
      for (let i = 0; i < 3; i++) assertEquals((await drive(driver, url)).bytes, bytesFor("a", 300_000));
      const etag = (await drive(driver, url)).response.etag!;
      const part = await drive(driver, url, { range: { from: 299_000, ifRange: etag } });
      assertEquals([part.response.offset, part.bytes.length], [299_000, 1000]);
    }
    /** What it has answered, once so many lines are in its log. */
    const statuses = async (count: number) => {
      const read = async () => (await apache.log.requests()).filter(({ path }) => path.startsWith("/private"));
      await until("the log", async () => (await read()).length >= count);
      return (await read()).map(({ status }) => status);
    };
    assertEquals(await statuses(6), [401, 200, 200, 200, 200, 206]);
    const wrongs: [who: string, identity: HttpIdentity][] = [
      ["me:wrong@", ANONYMOUS],
      ["", { ...ANONYMOUS, netrc: "machine 127.0.0.1 login me password wrong" }],
      ["", ANONYMOUS],
    ];
    for (const [who, identity] of wrongs) {
      using driver = new HttpDriver({ idlePerHost: 2, lane, identity });
      const error = await assertRejects(() => drive(driver, url.replace("//", `//${who}`)), DownloadError);
      assertEquals(error.status, 401);
    }
    // With a password it is asked with it, and then with its proof; without one, once.
    assertEquals((await statuses(11)).slice(6), [401, 401, 401, 401, 401]);
    using driver = new HttpDriver({ idlePerHost: 2, lane, identity: ANONYMOUS });
    assertEquals((await drive(driver, url.replace("//", "//me:s3cret@"))).bytes.length, 300_000);
  });

  Deno.test(`HttpDriver takes a newer number where the last one is too old, and gives up on who never has enough, ${client}`, async () => {
    let nonce = 1;
    let honest = true;
    await using server = FaultServer.start(({ headers, path }) => {
      const field = headers.get("authorization") ?? "";
      const sent = /nonce="(\d+)"/.exec(field)?.[1];
      const [count, cnonce] = [/nc=(\w+)/.exec(field)?.[1], /cnonce="(\w+)"/.exec(field)?.[1]];
      const right = md5([md5("me:r:s3cret"), sent, count, cnonce, "auth", md5(`GET:${path}`)].join(":"));
      if (honest && sent === `${nonce}` && field.includes(`response="${right}"`)) return new Response("file");
      const stale = sent !== undefined ? ", stale=true" : "";
      const challenge = `Digest realm="r", qop="auth", nonce="${nonce}"${stale}`;
      return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
    });
    using driver = new HttpDriver({ idlePerHost: 2, lane, identity: IDENTITY });
    const text = async () => new TextDecoder().decode((await drive(driver, `${server.url}/x`)).bytes);
    assertEquals([await text(), await text()], ["file", "file"]);
    nonce++;
    assertEquals(await text(), "file");
    assertEquals(server.requests.length, 5);
    // Many begin at the same time, and none takes the other's challenge for a refusal of its own.
    using another = new HttpDriver({ idlePerHost: 8, lane, identity: IDENTITY });
    const all = await Promise.all(Array.from({ length: 8 }, () => drive(another, `${server.url}/x`)));
    assertEquals(all.length, 8);
    honest = false;
    const before = server.requests.length;
    const error = await assertRejects(() => drive(driver, `${server.url}/x`), DownloadError);
    assertEquals([error.status, server.requests.length - before], [401, 3]);
  });

  Deno.test(`HttpDriver proves nothing to another origin, nor where a header says who asks, ${client}`, async () => {
    const challenge = { "www-authenticate": 'Digest realm="r", qop="auth", nonce="n"' };
    await using other = FaultServer.start(() => new Response(null, { status: 401, headers: challenge }));
    await using server = FaultServer.start(({ path }) =>
      path === "/away"
        ? new Response(null, { status: 302, headers: { location: `${other.url}/x` } })
        : new Response(null, { status: 401, headers: challenge })
    );
    using driver = new HttpDriver({ idlePerHost: 2, lane, identity: ANONYMOUS });
    const url = server.url.replace("//", "//me:s3cret@");
    await assertRejects(() => drive(driver, `${url}/away`), DownloadError, "401");
    assertEquals(other.requests.map(({ headers }) => headers.get("authorization")), [null]);
    await assertRejects(
      () => drive(driver, `${server.url}/x`, { headers: { authorization: "Bearer a" } }),
      DownloadError,
    );
    assertEquals(server.requests.at(-1)?.headers.get("authorization"), "Bearer a");
    assertEquals(server.requests.length, 2);
  });
}
