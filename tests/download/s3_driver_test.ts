/** S3 against s3rver, which knows accounts but does not compute signatures, and against Swift, which does. Others wrote both. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import type { S3Settings } from "../../app/s3_account.ts";
import type { S3Access } from "../../download/protocols/s3_access.ts";
import { S3Driver } from "../../download/protocols/s3_driver.ts";
import { drive } from "../support/drive.ts";
import { FaultServer } from "../support/fault_server.ts";
import { S3Server } from "../support/s3_server.ts";
import { SwiftServer } from "../support/swift_server.ts";
import { TempDir } from "../support/temp_dir.ts";

const CREDENTIALS = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

function driverFor(access: S3Access): { driver: S3Driver; http: HttpDriver } & Disposable {
  const http = new HttpDriver({ idlePerHost: 4, lane: true });
  const driver = new S3Driver(http, { access: () => Promise.resolve({ type: "access", access }) });
  return { driver, http, [Symbol.dispose]: () => http[Symbol.dispose]() };
}

async function keysOf(driver: S3Driver, url: string): Promise<[path: string, url: string][]> {
  const keys: [string, string][] = [];
  for await (const { path, url: address } of driver.list({ url, signal: new AbortController().signal })) {
    keys.push([path, address]);
  }
  return keys;
}

async function failure(promise: Promise<unknown>): Promise<DownloadError> {
  return await assertRejects(() => promise, DownloadError);
}

Deno.test("S3Driver takes no bucket and no key that can be none", async () => {
  using one = driverFor({ endpoint: "http://127.0.0.1:1", region: "us-east-1" });
  assertEquals((await failure(drive(one.driver, "s3://no_such!bucket/none"))).kind, "unsupported");
  assertEquals((await failure(drive(one.driver, "s3://photos/%ff"))).kind, "unsupported");
  for (const url of ["s3://photos", "s3://photos/", "s3://photos?versionId=1"]) {
    const { kind, message } = await failure(drive(one.driver, url));
    assertEquals([kind, message], [
      "unsupported",
      'Cannot fetch the url as it must name an object of the bucket "photos"',
    ]);
  }
  assertEquals(
    (await failure(drive(one.driver, "s3://photos/a?versionId="))).message,
    "Cannot fetch the url as its versionId must not be empty",
  );
});

Deno.test("S3Driver lists all pages of a prefix", async () => {
  await using server = await S3Server.start();
  // Pages of 1,000 keys, as servers give them unless they are asked for less, would need as many objects.
  await using between = FaultServer.start(({ search, headers }) =>
    fetch(`${server.endpoint}/photos${search}&max-keys=5`, { headers })
  );
  const names = Array.from({ length: 23 }, (_, i) => `set/${String(i).padStart(4, "0")}`);
  await Promise.all(names.map((name) => server.put(name, "x")));
  await server.put("set/deep/ä b+c", "x");
  await server.put("settle", "x");
  using one = driverFor({ endpoint: between.url, region: "us-east-1", credentials: CREDENTIALS });
  for (const url of ["s3://photos/set/*", "s3://photos/set/"]) {
    const before = between.requests.length;
    const keys = await keysOf(one.driver, url);
    assertEquals(keys.map(([path]) => path), [...names.map((name) => name.slice("set/".length)), "deep/ä b+c"]);
    assertEquals(keys[0], ["0000", "s3://photos/set/0000"]);
    assertEquals(keys.at(-1), ["deep/ä b+c", "s3://photos/set/deep/%C3%A4%20b%2Bc"]);
    assertEquals(between.requests.length - before, 5);
  }
  assertEquals((await keysOf(one.driver, "s3://photos/set/002*")).map(([path]) => path), ["0020", "0021", "0022"]);
  assertEquals((await keysOf(one.driver, "s3://photos/sett*")).length, 1);
  assertEquals(await keysOf(one.driver, "s3://photos/none/"), []);
  using direct = driverFor({ endpoint: server.endpoint, region: "us-east-1", credentials: CREDENTIALS });
  assertEquals((await keysOf(direct.driver, "s3://photos/set/")).length, 24);
  assertEquals((await failure(keysOf(direct.driver, "s3://nobucket/"))).status, 404);
});

const ODD_KEYS = [
  ...["it's.txt", "a&b.txt", "<x>.txt", 'quote".txt', "&#39;.txt", "&amp;", "a+b", "a%20b", "100%", "0012", "true"],
  ...["trailing ", "trailing  ", " /leading", "two  blanks", "ü", "\u00a0"],
];

Deno.test("S3Driver lists keys as they are, whether or not a server encodes them", async () => {
  await using plain = await S3Server.start();
  await using encoding = await SwiftServer.start();
  // Servers write what XML cannot have as it is in several ways.
  await using numbers = FaultServer.start(() =>
    new Response(
      "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>odd/it&#39;s &#x27;&#60;&#x1F600;</Key></Contents>" +
        "<Contents><Key>odd/ a &amp;#39; </Key></Contents></ListBucketResult>",
    )
  );
  for (
    const { server, credentials } of [{ server: plain, credentials: CREDENTIALS }, {
      server: encoding,
      credentials: encoding.credentials,
    }]
  ) {
    for (const key of ODD_KEYS) await server.put(`odd/${key}`, key);
    using one = driverFor({ endpoint: server.endpoint, region: "us-east-1", credentials });
    const found = await keysOf(one.driver, "s3://photos/odd/");
    assertEquals(found.map(([path]) => path).sort(), ODD_KEYS.toSorted());
    for (const [path, url] of found) assertEquals(new TextDecoder().decode((await drive(one.driver, url)).bytes), path);
    // The beginning of keys stands in the query, where blanks have a form of their own.
    await server.put("odd prefix+/x", "x");
    assertEquals((await keysOf(one.driver, "s3://photos/odd prefix+/")).length, 1);
  }
  using other = driverFor({ endpoint: numbers.url, region: "us-east-1" });
  const keys = (await keysOf(other.driver, "s3://photos/odd/")).map(([path]) => path);
  assertEquals(keys, ["it's '<😀", " a &#39; "]);
});

Deno.test("S3Driver takes * at the end of a url for all that follows, and anywhere else for a letter", async () => {
  await using server = await S3Server.start();
  const keys = ["a*b/1", "a*b/2", "axb/1", "end*", "end*ing", "ending", "what?#1", "what?#2"];
  for (const key of keys) await server.put(key, key);
  using one = driverFor({ endpoint: server.endpoint, region: "us-east-1", credentials: CREDENTIALS });
  const listed = async (url: string) => (await keysOf(one.driver, url)).map(([, address]) => address);
  assertEquals(await listed("s3://photos/a*b/"), ["s3://photos/a*b/1", "s3://photos/a*b/2"]);
  assertEquals(await listed("s3://photos/a*"), ["s3://photos/a*b/1", "s3://photos/a*b/2", "s3://photos/axb/1"]);
  assertEquals(await listed("s3://photos/a**"), ["s3://photos/a*b/1", "s3://photos/a*b/2"]);
  assertEquals(await listed("s3://photos/what?#*"), ["s3://photos/what%3F%231", "s3://photos/what%3F%232"]);
  assertEquals(await listed("s3://photos/end%2A"), ["s3://photos/end%2A", "s3://photos/end*ing"]);
  assertEquals((await listed("s3://photos")).length, keys.length);
  for (const url of ["s3://photos/a*b/1", "s3://photos/end%2A", "s3://photos/end*", "s3://photos/what?#1"]) {
    const key = decodeURIComponent(url.slice("s3://photos/".length));
    assertEquals(new TextDecoder().decode((await drive(one.driver, url)).bytes), key);
  }
});

Deno.test("S3Driver asks for the version that a url names, and for the newest without one", async () => {
  await using server = FaultServer.start(({ path, search, headers }) =>
    new Response(`${path} ${search} ${/SignedHeaders=[^,]*host/.test(headers.get("authorization") ?? "")}`)
  );
  using one = driverFor({ endpoint: server.url, region: "us-east-1", credentials: CREDENTIALS });
  const asked = async (url: string) => new TextDecoder().decode((await drive(one.driver, url)).bytes);
  assertEquals(await asked("s3://photos/k.txt?versionId=a%2Bb"), "/photos/k.txt ?versionId=a%2Bb true");
  assertEquals(await asked("s3://photos/k?.txt?versionId=null"), "/photos/k%3F.txt ?versionId=null true");
  assertEquals(await asked("s3://photos/k%3FversionId=1"), "/photos/k%3FversionId%3D1  true");
  assertEquals(await asked("s3://photos/k?versionId=1&x"), "/photos/k%3FversionId%3D1%26x  true");
});

Deno.test("S3Driver signs as the account says, says when nobody asks, and asks again before credentials end", async () => {
  const seen: (string | null)[] = [];
  await using server = FaultServer.start(({ headers, path }) => {
    seen.push(headers.get("authorization"));
    if (path.endsWith("/away")) {
      return new Response(null, { status: 301, headers: { location: "http://127.0.0.1:1/" } });
    }
    return headers.get("authorization") === null
      ? new Response("", { status: 403 })
      : new Response(headers.get("x-amz-security-token") ?? "no token");
  });
  const access = { endpoint: server.url, region: "eu-west-3" };
  using nobody = driverFor(access);
  const refused = await failure(drive(nobody.driver, "s3://photos/a"));
  assertEquals([refused.status, seen], [403, [null]]);
  assertMatch(refused.message, /asked without credentials, as there are none/);
  using somebody = driverFor({ ...access, credentials: { ...CREDENTIALS, sessionToken: "token" } });
  assertEquals(new TextDecoder().decode((await drive(somebody.driver, "s3://photos/a")).bytes), "token");
  assertMatch(
    seen.at(-1)!,
    /^AWS4-HMAC-SHA256 Credential=S3RVER\/\d{8}\/eu-west-3\/s3\/aws4_request, SignedHeaders=[^,]*host/,
  );
  assertMatch(
    (await failure(drive(somebody.driver, "s3://photos/away"))).message,
    /HTTP status 301; see AWS_REGION and --s3-endpoint$/,
  );

  let asked = 0;
  using http = new HttpDriver({ idlePerHost: 4, lane: true });
  using driver = new S3Driver(http, {
    access: () => {
      const expiresAt = Date.now() + (++asked === 1 ? 1000 : 3_600_000);
      const credentials = { ...CREDENTIALS, sessionToken: `${asked}`, expiresAt };
      return Promise.resolve({ type: "access", access: { ...access, credentials } });
    },
  });
  for (let i = 0; i < 3; i++) {
    assertEquals(new TextDecoder().decode((await drive(driver, "s3://photos/a")).bytes), "2");
  }
  assertEquals(asked, 2);
  using none = new S3Driver(http, { access: () => Promise.resolve({ type: "problem", message: "no profile" }) });
  const error = await failure(drive(none, "s3://photos/a"));
  assertEquals([error.kind, error.retryable, error.message], ["auth", false, "no profile"]);
});

Deno.test("S3Driver takes no listing that makes no sense", async () => {
  const answers = [
    "<html>hello</html>",
    "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    "<ListBucketResult><Contents><Key>a/../../x</Key></Contents><IsTruncated>false</IsTruncated></ListBucketResult>",
    '<!DOCTYPE x [<!ENTITY a "aaaa">]><ListBucketResult><Contents><Key>&a;</Key></Contents></ListBucketResult>',
  ];
  await using server = FaultServer.start(({ nth }) => new Response(answers[nth - 1] ?? ""));
  using one = driverFor({ endpoint: server.url, region: "us-east-1" });
  assertEquals((await failure(keysOf(one.driver, "s3://photos/a/"))).kind, "protocol");
  assertEquals((await failure(keysOf(one.driver, "s3://photos/a/"))).kind, "protocol");
  assertEquals((await failure(keysOf(one.driver, "s3://photos/a/"))).kind, "unsupported");
  const names = await keysOf(one.driver, "s3://photos/a/").catch(() => []);
  assert(names.every(([path]) => path.length < 10), `${names}`);
});

Deno.test("s3Account finds the credentials of the environment, of a profile, and of the machine", async () => {
  await using home = await TempDir.create();
  await home.write(
    "credentials",
    [
      "[default]",
      "aws_access_key_id = OF-DEFAULT",
      "aws_secret_access_key = s1",
      "[work]",
      "aws_access_key_id = OF-WORK",
      "aws_secret_access_key = s2",
      "aws_session_token = t2",
    ].join("\n"),
  );
  await home.write("config", "[profile work]\nregion = eu-central-1\n");
  await using metadata = FaultServer.start(({ path }) => {
    if (path === "/latest/api/token") {
      return new Response("t", { headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" } });
    }
    if (path === "/latest/meta-data/iam/security-credentials/") return new Response("role");
    return Response.json({
      Code: "Success",
      AccessKeyId: "OF-MACHINE",
      SecretAccessKey: "s3",
      Token: "t3",
      Expiration: "2099-01-01T00:00:00Z",
    });
  });
  const ask = async (env: Record<string, string>, settings: Partial<S3Settings> = {}) => {
    const script = `import { s3Account } from ${JSON.stringify(new URL("../../app/s3_account.ts", import.meta.url))};
      console.log(JSON.stringify(await s3Account(${JSON.stringify(settings)})));`;
    await home.write("ask.ts", script);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        "--config",
        new URL("../../deno.json", import.meta.url).pathname,
        home.join("ask.ts"),
      ],
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH")!,
        DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
        HOME: home.path,
        AWS_EC2_METADATA_DISABLED: "true",
        ...env,
      },
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    return JSON.parse(new TextDecoder().decode(stdout));
  };
  const files = {
    AWS_SHARED_CREDENTIALS_FILE: home.join("credentials"),
    AWS_CONFIG_FILE: home.join("config"),
  };
  assertEquals(
    await ask({ AWS_ACCESS_KEY_ID: "OF-ENV", AWS_SECRET_ACCESS_KEY: "s", AWS_REGION: "eu-north-1" }, {
      s3Endpoint: "http://h:1/",
    }),
    {
      type: "access",
      access: {
        region: "eu-north-1",
        endpoint: "http://h:1",
        credentials: { accessKeyId: "OF-ENV", secretAccessKey: "s" },
      },
    },
  );
  assertEquals((await ask(files)).access, {
    region: "us-east-1",
    credentials: { accessKeyId: "OF-DEFAULT", secretAccessKey: "s1" },
  });
  assertEquals((await ask({ ...files, AWS_PROFILE: "work", AWS_ENDPOINT_URL_S3: "https://s3.example.org" })).access, {
    region: "eu-central-1",
    endpoint: "https://s3.example.org",
    credentials: { accessKeyId: "OF-WORK", secretAccessKey: "s2", sessionToken: "t2" },
  });
  assertEquals(await ask({}), { type: "access", access: { region: "us-east-1" } });
  assertEquals((await ask(files, { s3NoSignRequest: true })).access, { region: "us-east-1", unsigned: true });
  const paying = (await ask(files, { s3RequestPayer: true })).access;
  assertEquals([paying.requestPayer, paying.credentials.accessKeyId], [true, "OF-DEFAULT"]);
  const unknown = await ask({ ...files, AWS_PROFILE: "nobody" });
  assertEquals(unknown.type, "problem");
  assertMatch(unknown.message, /^no S3 credentials for the profile "nobody": /);
  const machine = await ask({ AWS_EC2_METADATA_DISABLED: "false", AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url });
  assertEquals(machine.access.credentials, {
    accessKeyId: "OF-MACHINE",
    secretAccessKey: "s3",
    sessionToken: "t3",
    expiresAt: Date.parse("2099-01-01T00:00:00Z"),
  });
});
